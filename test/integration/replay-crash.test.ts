/**
 * The agent dies between any two steps and comes back: the plane converges to the same objects, and at no instant
 * does it hold an object that the inventory on disk does not name (P7).
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Kind } from '../../apiserver/api/kind.ts';
import type { ApiObject } from '../../apiserver/client/resource.ts';
import { ConfigMap } from '../../apiserver/kinds/native/config-map.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { Namespace } from '../../apiserver/kinds/native/namespace.ts';
import { Secret } from '../../apiserver/kinds/native/secret.ts';
import { Service } from '../../apiserver/kinds/native/service.ts';
import { BUNDLE_LABEL } from '../../controllers/agent/plane-objects.ts';
import { forever, intercept, type PlaneCall } from '../support/intercept.ts';
import { configMap, namespaceOf, type TestAgent } from '../support/replay.ts';
import { startPair, type Pair } from '../support/replay-pair.ts';

const SPACE = 'tenant-acme';
const KINDS: readonly Kind[] = [Namespace, ConfigMap, Secret, Service];

const secret = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: SPACE },
  stringData: { key: 'value' },
});
const service = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: SPACE },
  spec: { ports: [{ port: 80 }] },
});

/** Names of everything on the plane that carries the label of a bundle. */
async function reality(pair: Pair): Promise<readonly string[]> {
  const found: string[] = [];
  for (const kind of KINDS) {
    const { items } = await pair.plane.admin.list<ApiObject>(kind, { labelSelector: BUNDLE_LABEL });
    found.push(...items.map(({ metadata }) => `${kind.kind}/${metadata.name}`));
  }
  return found.sort();
}

function inventory(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith('inventory-'))
    .flatMap(
      (name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as { gvk: string; name: string }[],
    )
    .map(({ gvk, name }) => `${gvk.slice(gvk.lastIndexOf('/') + 1)}/${name}`);
}

/** Dies at call number `at` of those that change something, before or after the plane has done it. */
interface Death {
  readonly at: number;
  readonly when: 'before' | 'after';
}

describe('an agent that is killed', function () {
  this.timeout(180_000);
  let pair: Pair;
  before(async () => {
    pair = await startPair();
  });
  after(() => pair.close());

  /** What is reported about the work in the end. */
  let reason = 'Applied';

  /** Runs a change with an agent that dies, checks what it left, lets the next one finish. False: it did not die. */
  async function survives(
    change: () => Promise<unknown>,
    directory: string,
    death: Death,
  ): Promise<{ readonly died: PlaneCall | undefined; readonly survivor: TestAgent }> {
    const copy = pair.folder();
    const died = Promise.withResolvers<PlaneCall | undefined>();
    let calls = 0;
    let dead = false;
    const die = async (call: PlaneCall, signal: AbortSignal | undefined): Promise<void> => {
      if (!dead) {
        dead = true;
        // What a power cut leaves: the disk as it is now, and nothing that would be written later.
        cpSync(directory, copy, { recursive: true });
        died.resolve(call);
      }
      await forever(signal);
    };
    const plane = intercept(pair.plane.clientAs('agent-eu1'), {
      before: async (call, signal) => {
        if (dead) await forever(signal);
        calls += 1;
        if (calls === death.at && death.when === 'before') await die(call, signal);
      },
      after: async (call, signal) => {
        if (dead || (calls === death.at && death.when === 'after')) await die(call, signal);
      },
    });
    const victim = await pair.agent({ directory, plane });
    await change();
    const finished = pair.control.reported('w', reason).then(() => undefined);
    const how = await Promise.race([died.promise, finished]);
    finished.catch(() => undefined);
    if (how !== undefined) {
      const known = new Set(inventory(copy));
      for (const object of await reality(pair)) {
        assert.ok(
          known.has(object),
          `${object} is on the plane and not in the inventory after ${JSON.stringify(death)}`,
        );
      }
    }
    await victim.close();
    const survivor = await pair.connected({ directory: how === undefined ? directory : copy });
    return { died: how, survivor };
  }

  async function everyStep(
    name: string,
    setUp: (directory: string) => Promise<void>,
    change: () => Promise<unknown>,
    check: () => Promise<void>,
  ): Promise<void> {
    const verbs = new Set<string>();
    let steps = 0;
    for (let at = 1; ; at += 1) {
      let died: PlaneCall | undefined;
      for (const when of ['before', 'after'] as const) {
        const directory = pair.folder();
        await setUp(directory);
        const result = await survives(change, directory, { at, when });
        died = result.died;
        if (died !== undefined) {
          steps += 1;
          verbs.add(died.verb);
        }
        await pair.control.reported('w', reason);
        await check();
        await result.survivor.close();
        await cleanUp();
      }
      if (died === undefined) break;
    }
    console.log(`      ${name}: died at ${steps} steps (${[...verbs].sort().join(', ')})`);
    assert.ok(steps >= 8, `only ${steps} steps`);
  }

  /** Takes the work and all it brought away, so that the next round starts with nothing. */
  async function cleanUp(): Promise<void> {
    const { items } = await pair.control.admin.list(PlaneWork);
    for (const { metadata } of items) {
      await pair.control.admin.delete(PlaneWork, { namespace: metadata.namespace, name: metadata.name });
    }
    if ((await pair.plane.admin.find(Namespace, { name: SPACE })) !== undefined) {
      await pair.plane.admin.delete(Namespace, { name: SPACE });
      await pair.plane.untilGone(Namespace, { name: SPACE });
    }
  }

  const first = (): readonly object[] => [namespaceOf(pair.tenant), configMap('a'), secret('s')];

  it('P7 creates the same objects after a death at every step', async () => {
    reason = 'Applied';
    await everyStep(
      'create',
      () => Promise.resolve(),
      () => pair.control.addWork('w', first()),
      async () => {
        assert.deepEqual(await reality(pair), ['ConfigMap/a', 'Namespace/tenant-acme', 'Secret/s']);
      },
    );
  });

  it('P7 prunes what left and brings what came after a death at every step', async () => {
    reason = 'Applied';
    await everyStep(
      'change',
      async (directory) => {
        await pair.control.addWork('w', first());
        const agent = await pair.connected({ directory });
        await pair.control.reported('w', 'Applied');
        await agent.close();
      },
      () => pair.control.setManifests('w', [namespaceOf(pair.tenant), configMap('b'), service('v')]),
      async () => {
        assert.deepEqual(await reality(pair), ['ConfigMap/b', 'Namespace/tenant-acme', 'Service/v']);
      },
    );
  });

  it('P7 removes everything after a death at every step', async () => {
    reason = 'Deleted';
    await everyStep(
      'remove',
      async (directory) => {
        await pair.control.addWork('w', first());
        const agent = await pair.connected({ directory });
        await pair.control.reported('w', 'Applied');
        await agent.close();
      },
      () => pair.control.bury('w'),
      async () => {
        assert.deepEqual(await reality(pair), []);
        assert.equal(await pair.plane.admin.find(Namespace, { name: SPACE }), undefined);
      },
    );
  });
});
