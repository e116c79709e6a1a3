/** Two replicas of `polder apiserver` on one etcd behind one Service: one goes, and nobody outside notices. */
import assert from 'node:assert/strict';
import { expectCode } from '../contract/support/api.ts';
import { followKubectl } from '../contract/support/follow.ts';
import { dataPolicy, policiesIn } from '../contract/support/server.ts';
import type { Json } from '../support/http.ts';
import { until } from '../support/until.ts';
import { startAggregated, type AggregatedServer } from './support/server.ts';

const REGISTRATIONS = ['data', 'platform'].map(
  (group) => `/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.${group}.polder.dev`,
);

describe('aggregated: two replicas', function () {
  this.timeout(120_000);
  const path = policiesIn('tn-a');
  let server: AggregatedServer;
  before(async () => {
    server = await startAggregated({ replicas: 2 });
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
    const [first, second] = server.platform.replicas;
    assert.ok(first && second);
    const bad: string[] = [];
    let answered = 0;
    let isOver = false;
    const worker = async (who: number): Promise<void> => {
      for (let round = 0; !isOver; round += 1) {
        const url = `${path}/w${who}-${round}`;
        const body = dataPolicy(`w${who}-${round}`);
        for (const [method, where, wanted] of [
          ['POST', path, 201],
          ['GET', url, 200],
          ['DELETE', url, 200],
        ] as const) {
          const answer = await server.root.call(method, where, method === 'POST' ? { body } : {});
          if (answer.status !== wanted) bad.push(`${method} ${answer.status} ${answer.text.slice(0, 300)}`);
          answered += 1;
        }
      }
    };
    const watches = await Promise.all(Array.from({ length: 20 }, () => server.root.watch(`${path}?watch=1`)));
    const ends = Promise.all(
      watches.map((watch) =>
        watch.rest().then(
          () => 'ended',
          (error: unknown) => String(error),
        ),
      ),
    );
    const working = Promise.all(Array.from({ length: 8 }, (_, who) => worker(who)));
    await until('work is done', () => answered > 200);

    await first.stop('SIGTERM');
    const then = answered;
    await until('work goes on', () => answered > then + 200);
    await first.start();
    await second.stop('SIGTERM');
    const later = answered;
    await until('work goes on', () => answered > later + 200);
    isOver = true;
    await working;

    assert.deepEqual(bad, []);
    // Each was on one of the two.
    assert.deepEqual([...new Set(await ends)], ['ended']);
    assert.deepEqual(await availability(), ['True', 'True']);
    console.log(`      ${answered} requests answered`);
    await second.start();
  });
});
