/** Checks E of the API contract: watches as kubectl, WebSocket clients and client-node use them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { KubeConfig, ListWatch, Watch, type KubernetesObject } from '@kubernetes/client-node';
import { WebSocket } from 'ws';
import type { Json } from '../support/http.ts';
import type { Api } from './support/api.ts';
import { followKubectl, type Follow } from './support/follow.ts';
import {
  plain,
  plainData,
  plainIn,
  dataPolicy,
  policiesIn,
  tenant,
  TENANTS,
  type Server,
} from './support/server.ts';
import { startServer } from './support/target.ts';

describe('contract E: clients that watch', function () {
  this.timeout(90_000);
  const path = policiesIn('tn-a');
  const maps = plainIn('plain');
  let server: Server;
  let root: Api;
  before(async () => {
    server = await startServer();
    root = server.root;
    await server.tenant('a');
    await server.room('plain');
  });
  after(() => server.remove());

  const follow = (...args: string[]): Follow => followKubectl(server.rootConfig, [...args, '-n', 'tn-a']);

  it('C84 streams events as text frames over a WebSocket through kubectl proxy', async () => {
    const proxy = followKubectl(server.rootConfig, ['proxy', '--port=0']);
    const [, address = ''] = /on ([0-9.:]+)/.exec(await proxy.until(/Starting to serve on .*\n/)) ?? [];
    const { metadata } = await root.read(maps);
    const url = `ws://${address}${maps}?watch=1&resourceVersion=${metadata.resourceVersion}&timeoutSeconds=2`;
    const socket = new WebSocket(url, { perMessageDeflate: true, origin: `http://${address}` });
    const frames: { readonly data: Json; readonly isBinary: boolean }[] = [];
    socket.on('message', (data: Buffer, isBinary) =>
      frames.push({ data: JSON.parse(data.toString()), isBinary }),
    );
    await once(socket, 'open');

    await root.create(maps, plain('socket'));
    await root.call('DELETE', `${maps}/socket`);
    const [code] = (await once(socket, 'close')) as [number];
    proxy.stop();

    assert.deepEqual(
      frames.map(({ data, isBinary }) => [data.type, data.object.metadata.name, isBinary]),
      [
        ['ADDED', 'socket', false],
        ['DELETED', 'socket', false],
      ],
    );
    assert.equal(code, 1000, 'a clean close after timeoutSeconds');
    assert.equal(socket.extensions, '', 'compression is declined');
  });

  it('C85 kubectl get -w, --watch-only and --output-watch-events follow changes', async () => {
    const all = follow('get', 'dpol', '-w', '--output-watch-events');
    await root.create(path, dataPolicy('first'));
    await all.until(/^ADDED +first /m);
    const only = follow('get', 'dpol', '--watch-only', '-o', 'name');
    const named = follow('get', 'dpol', 'first', '-w', '-o', 'jsonpath={.spec.priority}{"\\n"}');
    await named.until(/^50\n/);

    // Its list and the start of its watch are not to be seen: it follows once it shows something.
    for (let priority = 51; only.output() === '' && priority < 100; priority += 1) {
      await root.merge(`${path}/first`, { spec: { priority } });
      await named.until(new RegExp(`^${priority}$`, 'm'));
    }
    await root.call('DELETE', `${path}/first`);

    assert.match(
      await all.until(/^DELETED +first /m),
      /^EVENT +NAME [^]*^ADDED +first [^]*^MODIFIED +first /m,
    );
    assert.match(await only.until(/first/), /^datapolicy\.data\.polder\.dev\/first$/m);
    for (const one of [all, only, named]) one.stop();
  });

  it('C85 kubectl wait sees conditions, values, deletion and creation', async () => {
    const wait = (what: string) => follow('wait', 'dpol/waited', `--for=${what}`, '--timeout=20s');
    const met = async (waiting: Follow): Promise<void> => {
      const { code, stdout, stderr } = await waiting.end();
      assert.equal(code, 0, stderr);
      assert.match(stdout, /condition met/);
    };
    const created = wait('create');
    await root.create(path, dataPolicy('waited'));
    await met(created);

    const value = wait('jsonpath={.spec.priority}=77');
    const gone = wait('delete');
    await root.merge(`${path}/waited`, { spec: { priority: 77 } });
    await met(value);
    await root.call('DELETE', `${path}/waited`);
    await met(gone);

    await root.create(TENANTS, tenant('waited'));
    // Our controller sets it.
    await met(follow('wait', 'tn/waited', '--for=condition=Ready', '--timeout=20s'));
  });

  it('C85 kubectl wait streams its list when asked to', async () => {
    await root.create(path, dataPolicy('streamed'));
    const env = { KUBE_FEATURE_WatchListClient: 'true' };
    const args = [
      'wait',
      'dpol/streamed',
      '-n',
      'tn-a',
      '--for=jsonpath={.spec.priority}=78',
      '--timeout=20s',
    ];
    const waiting = followKubectl(server.rootConfig, args, env);

    await root.merge(`${path}/streamed`, { spec: { priority: 78 } });

    const { code, stderr } = await waiting.end();
    assert.equal(code, 0, stderr);
  });

  it('C87 an informer of client-node sees each object come and go once, over ten reconnects', async () => {
    const config = new KubeConfig();
    config.loadFromFile(server.rootConfig);
    const watch = new Watch(config);
    // The client breaks off by itself when nothing came for so long; it is 30 s by default.
    Reflect.set(watch, 'requestTimeoutMs', 300);
    const seen: string[] = [];
    let connects = 0;
    const list = (): Promise<Json> => root.read(maps);
    const informer = new ListWatch<KubernetesObject>(maps, watch, list, false);
    const wake = new EventTarget();
    const note = (verb: 'add' | 'update' | 'delete'): void =>
      informer.on(verb, ({ metadata }) => {
        seen.push(`${verb} ${metadata?.name ?? ''}`);
        wake.dispatchEvent(new Event('change'));
      });
    for (const verb of ['add', 'update', 'delete'] as const) note(verb);
    const failures: unknown[] = [];
    informer.on('error', (error) => failures.push(error));
    informer.on('connect', () => {
      connects += 1;
      wake.dispatchEvent(new Event('change'));
    });
    const until = async (condition: () => boolean): Promise<void> => {
      const signal = AbortSignal.timeout(20_000);
      while (!condition()) await once(wake, 'change', { signal });
    };
    await informer.start();

    const wanted: string[] = [];
    for (let round = 1; round <= 10; round += 1) {
      const name = `informed-${round}`;
      // Just when it connects again: what happens in between must not be lost or come twice.
      await root.create(maps, plain(name));
      if (round % 2 === 0) await root.merge(`${maps}/${name}`, plainData({ round: String(round) }));
      const previous = `informed-${round - 1}`;
      if (round % 3 === 0) await root.call('DELETE', `${maps}/${previous}`);
      wanted.push(`add ${name}`);
      if (round % 2 === 0) wanted.push(`update ${name}`);
      if (round % 3 === 0) wanted.push(`delete ${previous}`);
      const before = connects;
      await until(() => connects > before);
    }
    await until(() => seen.filter((line) => line.includes('informed')).length >= wanted.length);
    await informer.stop();

    assert.deepEqual(failures, []);
    assert.deepEqual(
      seen.filter((line) => line.includes('informed')),
      wanted,
    );
    const held = informer.list().map(({ metadata }) => metadata?.name);
    const { items } = await root.read(maps);
    assert.deepEqual(
      held.sort((a = '', b = '') => (a < b ? -1 : 1)),
      items.map(({ metadata }: Json) => metadata.name),
    );
    console.log(`      ${connects} connects, ${wanted.length} events`);
  });
});
