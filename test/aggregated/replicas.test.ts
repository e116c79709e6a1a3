/** Three replicas of `polder apiserver` on one etcd behind one Service: one goes, and the others do its work. */
import assert from 'node:assert/strict';
import { expectCode } from '../contract/support/api.ts';
import { followKubectl } from '../contract/support/follow.ts';
import { policiesIn } from '../contract/support/server.ts';
import type { Json } from '../support/http.ts';
import { until } from '../support/until.ts';
import { startAggregated, type AggregatedServer } from './support/server.ts';
import { startWork } from './support/work.ts';

const REGISTRATIONS = ['data', 'platform'].map(
  (group) => `/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.${group}.polder.dev`,
);

const REPLICAS = 3;

describe('aggregated: three replicas', function () {
  this.timeout(120_000);
  const path = policiesIn('tn-a');
  let server: AggregatedServer;
  before(async () => {
    server = await startAggregated({ replicas: REPLICAS });
    await server.tenant('a');
  });
  after(() => server.remove());

  const availability = async (): Promise<string[]> => {
    const services = await Promise.all(REGISTRATIONS.map((url) => server.root.read(url)));
    return services.map(({ status }: Json) => status.conditions[0].status);
  };

  it('C2 stays available when one of them is killed, and a namespace goes within 30 s', async () => {
    const [, second] = server.platform.replicas;
    assert.ok(second);
    await server.namespace('x');
    const follow = followKubectl(server.rootConfig, ['get', 'ns', '-w', '-o', 'name']);
    await follow.until(/namespace\/x/);

    await second.stop('SIGKILL');
    const started = Date.now();
    await server.ok(['delete', 'ns', 'x', '--timeout=30s']);
    console.log(`      gone after ${Date.now() - started} ms`);

    assert.deepEqual(await availability(), ['True', 'True']);
    expectCode(await server.root.call('GET', path), 200);
    follow.stop();
    await second.start();
  });

  it('C23 hands its work over when it is stopped under load: no failed request, watches end cleanly', async () => {
    const work = startWork(server.root, path, { prefix: 'handed' });
    const watches = await Promise.all(Array.from({ length: 20 }, () => server.root.watch(`${path}?watch=1`)));
    const ends = Promise.all(
      watches.map((watch) =>
        watch.rest().then(
          () => 'ended',
          (error: unknown) => String(error),
        ),
      ),
    );
    for (const replica of server.platform.replicas) {
      await work.goesOn();
      await replica.stop('SIGTERM');
      await work.goesOn();
      await replica.start();
    }
    const { failed, answered } = await work.end();

    assert.deepEqual(failed, []);
    assert.deepEqual([...new Set(await ends)], ['ended']);
    assert.deepEqual(await availability(), ['True', 'True']);
    console.log(`      ${answered} requests answered`);
  });

  it('fails no request twice when each in turn gets SIGKILL under load, and loses nothing it acknowledged', async () => {
    const { platform } = server;
    let isKnown = Promise.resolve();
    // Before that a new connection may go to where nobody listens any more: through kube-proxy as well.
    const work = startWork(server.root, path, { prefix: 'killed', beforeRetry: () => isKnown });
    for (const replica of platform.replicas) {
      await work.goesOn();
      isKnown = until('the Service knows', () => platform.inService() === REPLICAS - 1);
      await Promise.all([replica.stop('SIGKILL'), isKnown]);
      await work.goesOn();
      await replica.start();
      await until('it is back', () => platform.inService() === REPLICAS);
    }
    const { failed, answered, retried, kept } = await work.end();

    assert.deepEqual(failed, []);
    const { items } = await server.root.read(path);
    const names = (items as Json[]).map(({ metadata }): string => metadata.name);
    assert.deepEqual(new Set(names.filter((name) => name.startsWith('killed'))), kept);
    assert.deepEqual(await availability(), ['True', 'True']);
    console.log(`      ${answered} requests answered, ${retried} of them at the second try`);
  });
});
