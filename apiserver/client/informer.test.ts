import assert from 'node:assert/strict';
import { startCannedApi, type CannedApi, type CannedRequest } from '../../test/support/canned-api.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import { silentLog } from '../runtime/log.ts';
import { createClient, type Client } from './client.ts';
import { createInformer, type Informer } from './informer.ts';
import type { ApiObject, Resource } from './resource.ts';

const Thing: Resource<ApiObject> = {
  group: 'example.dev',
  version: 'v1',
  kind: 'Thing',
  plural: 'things',
  scope: 'Namespaced',
};
const thing = (name: string, resourceVersion: string): object => ({
  metadata: { namespace: 'n', name, resourceVersion, managedFields: [{ manager: 'x' }] },
});
const event = (type: string, name: string, resourceVersion: string): object => ({
  type,
  object: thing(name, resourceVersion),
});
const INITIAL_END = {
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: '10', annotations: { 'k8s.io/initial-events-end': 'true' } } },
};
const status = (code: number, reason: string): object => ({
  kind: 'Status',
  status: 'Failure',
  message: reason,
  reason,
  code,
});
const isWatch = (request: CannedRequest): boolean => request.url.searchParams.has('watch');
const asksForState = (request: CannedRequest): boolean => request.url.searchParams.has('sendInitialEvents');
const from = (request: CannedRequest): string => request.url.searchParams.get('resourceVersion') ?? '';

/** Backoff passes at once; request timeouts and the wait for initial events stay as they are. */
const impatient: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, task) => systemClock.after(delayMs < 9_000 ? 0 : delayMs, task),
};

describe('informer', () => {
  let api: CannedApi;
  let client: Client;
  let informer: Informer<ApiObject>;
  let changes: string[];
  let handle: (request: CannedRequest) => void;
  let noticed: (() => void) | undefined;

  beforeEach(async () => {
    api = await startCannedApi((request) => handle(request));
    client = createClient({ server: api.server, ca: api.ca, log: silentLog, clock: impatient });
    informer = createInformer(Thing, { client, log: silentLog, clock: impatient });
    changes = [];
    informer.onChange((change) => {
      changes.push(`${change.type} ${change.object.metadata.name}`);
      noticed?.();
    });
  });
  afterEach(async () => {
    await informer.close();
    await client.close();
    await api.stop();
  });
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      noticed = () => {
        if (changes.length >= count) resolve();
      };
      noticed();
    });
  const names = (): string[] => informer.list().map((object) => object.metadata.name);

  it('has synced when the end of the initial events is announced, and follows from there', async () => {
    handle = (request) => {
      request.send(event('ADDED', 'a', '3'));
      request.send(event('ADDED', 'b', '7'));
      request.send(INITIAL_END);
      request.send(event('MODIFIED', 'a', '11'));
      request.send(event('DELETED', 'b', '12'));
    };

    informer.start();
    await informer.synced;
    await until(4);

    assert.deepEqual(changes, ['added a', 'added b', 'modified a', 'deleted b']);
    assert.deepEqual(names(), ['a']);
    assert.equal(informer.get({ namespace: 'n', name: 'a' })?.metadata.managedFields, undefined);
    assert.equal(api.requests[0]?.url.searchParams.get('resourceVersionMatch'), 'NotOlderThan');
  });

  it('shows nothing before the initial state is complete', async () => {
    handle = (request) => request.send(event('ADDED', 'a', '3'));

    informer.start();
    const request = await api.seen(isWatch);
    assert.deepEqual([informer.hasSynced, names()], [false, []]);
    request.send(INITIAL_END);
    await informer.synced;

    assert.deepEqual(names(), ['a']);
  });

  it('lists and watches where initial events are refused', async () => {
    handle = (request) => {
      if (asksForState(request)) request.answer(422, status(422, 'Invalid'));
      else if (isWatch(request)) request.send(event('ADDED', 'b', '11'));
      else request.answer(200, { metadata: { resourceVersion: '10' }, items: [thing('a', '3')] });
    };

    informer.start();
    await until(2);

    assert.deepEqual(names(), ['a', 'b']);
    assert.equal(from(await api.seen((request) => isWatch(request) && !asksForState(request))), '10');
  });

  it('resumes from the last revision, bookmarks included, when a watch ends', async () => {
    handle = (request) => {
      if (asksForState(request)) {
        request.send(INITIAL_END);
        request.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '42' } } });
        request.response.end();
      } else {
        request.send(event('ADDED', 'late', '43'));
      }
    };

    informer.start();
    await until(1);

    assert.equal(from(api.requests[1] as CannedRequest), '42');
  });

  it('tells since when it has lost its watch, until the server answers again', async () => {
    let failures = 0;
    handle = (request) => {
      if (asksForState(request)) {
        request.send(INITIAL_END);
        request.response.end();
      } else if (failures < 2) {
        failures += 1;
        request.answer(500, status(500, 'InternalError'));
      } else if (failures === 2) {
        failures += 1;
        // The second failure has been noticed, or there would be no third request.
        assert.notEqual(informer.lostSinceMs, undefined);
        request.send(event('ADDED', 'back', '43'));
      }
    };

    informer.start();
    await informer.synced;
    await until(1);

    assert.deepEqual([names(), failures, informer.lostSinceMs], [['back'], 3, undefined]);
  });

  it('takes the whole state again when its revision has expired, and tells the difference', async () => {
    let rounds = 0;
    handle = (request) => {
      if (!asksForState(request)) {
        request.send({ type: 'ERROR', object: status(410, 'Expired') });
        request.response.end();
        return;
      }
      rounds += 1;
      const kept = rounds === 1 ? ['gone', 'kept'] : ['kept', 'fresh'];
      for (const name of kept) request.send(event('ADDED', name, name === 'kept' ? '3' : `${rounds}`));
      request.send(INITIAL_END);
      if (rounds === 1) request.response.end();
    };

    informer.start();
    await until(4);

    assert.deepEqual(changes, ['added gone', 'added kept', 'deleted gone', 'added fresh']);
  });

  it('keeps its copy while the server is down and goes on when it is back', async () => {
    handle = (request) => {
      if (asksForState(request)) {
        request.send(event('ADDED', 'a', '3'));
        request.send(INITIAL_END);
      } else {
        request.send(event('ADDED', 'b', '11'));
      }
    };
    informer.start();
    await informer.synced;

    await api.stop();
    assert.deepEqual(names(), ['a']);
    await api.start();
    await until(2);

    assert.deepEqual(changes, ['added a', 'added b']);
    assert.equal(from(api.requests.at(-1) as CannedRequest), '10');
  });

  it('takes the whole state again from a server whose history is a younger one', async () => {
    let states = 0;
    handle = (request) => {
      if (asksForState(request)) {
        states += 1;
        request.send(event('ADDED', states === 1 ? 'old' : 'new', '1'));
        request.send(INITIAL_END);
        if (states === 1) request.response.end();
        return;
      }
      const details = {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      };
      request.answer(504, { ...status(504, 'Timeout'), details });
    };

    informer.start();
    await until(3);

    assert.deepEqual(changes, ['added old', 'deleted old', 'added new']);
  });

  it('goes on when a listener throws', async () => {
    informer.onChange(() => {
      throw new Error('listener');
    });
    handle = (request) => {
      request.send(event('ADDED', 'a', '3'));
      request.send(INITIAL_END);
      request.send(event('ADDED', 'b', '11'));
    };

    informer.start();
    await until(2);

    assert.deepEqual(names(), ['a', 'b']);
  });

  it('tells a late listener what is already there', async () => {
    handle = (request) => {
      request.send(event('ADDED', 'a', '3'));
      request.send(INITIAL_END);
    };
    informer.start();
    await informer.synced;

    const late: string[] = [];
    informer.onChange((change) => late.push(`${change.type} ${change.object.metadata.name}`));

    assert.deepEqual(late, ['added a']);
  });

  it('rejects synced when closed before', async () => {
    handle = () => undefined;
    informer.start();
    await api.seen(isWatch);

    await informer.close();

    await assert.rejects(informer.synced, /closed before it had synced/);
  });
});
