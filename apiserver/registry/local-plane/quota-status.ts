/**
 * Writes `status.hard` and `status.used` of every ResourceQuota. The counting itself is the ledger's; this only
 * shows it, at most ten times a second per quota, and writes nothing when nothing changed.
 * source: kubernetes pkg/controller/resourcequota.
 */
import { ApiError } from '../../api/errors.ts';
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { createWorkqueue, type Outcome } from '../../client/workqueue.ts';
import { metaText } from '../body.ts';
import { own, equal } from '../tree.ts';
import type { Context, StoredObject } from '../registry.ts';
import { actor, writeAs } from './actor.ts';
import type { LocalPlaneDeps, Loop } from './namespace-emptying.ts';

const TOGETHER_MS = 100;
const MANAGER = 'resourcequota-controller';
const NO_LOOP: Loop = { start: () => undefined, close: async () => await Promise.resolve() };

export function createQuotaStatus(deps: LocalPlaneDeps): Loop {
  const { registry, log, clock } = deps;
  const { quota: ledger } = registry;
  const kind = deps.kinds.find(({ group, kind: name }) => group === '' && name === 'ResourceQuota');
  if (ledger === undefined || kind === undefined) return NO_LOOP;
  let stop = (): void => undefined;

  const show = async (key: string, context: Context): Promise<Outcome> => {
    const { namespace, name } = refOf(key);
    const stored = registry.peek(kind, namespace, name);
    const used = ledger.used(namespace, name);
    if (stored === undefined || used === undefined) return { is: 'done' };
    const object = stored.read();
    const status = { hard: hardOf(object), used };
    if (!isShown(object, status)) await write(deps, kind, stored, { status, context });
    return { is: 'done' };
  };
  const queue = createWorkqueue({
    name: 'quota-status',
    log,
    clock,
    work: async (key, signal) => await show(key, actor(signal)),
  });
  return {
    start: () => {
      stop = ledger.onChange((namespace, name) => queue.addAfter(`${namespace}/${name}`, TOGETHER_MS));
    },
    close: async () => {
      stop();
      await queue.close();
    },
  };
}

function refOf(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

function hardOf(object: JsonObject): Json {
  const spec = own(object, 'spec');
  return (isObject(spec) ? own(spec, 'hard') : undefined) ?? {};
}

/** Compared as objects: the order of names means nothing. */
const isShown = (object: JsonObject, status: JsonObject): boolean => equal(own(object, 'status'), status);

async function write(
  { registry }: LocalPlaneDeps,
  kind: Kind,
  stored: StoredObject,
  { status, context }: { readonly status: JsonObject; readonly context: Context },
): Promise<void> {
  const { namespace, name } = stored;
  const value = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { namespace, name, uid: metaText(stored.read(), 'uid') },
    status,
  };
  const target = { kind, namespace, name, subresource: 'status' } as const;
  try {
    await registry.update(context, target, { value, duplicates: [], lossy: [] }, writeAs(MANAGER));
  } catch (error) {
    // Gone, or another one of that name by now: its own creation is shown on its own.
    if (!(error instanceof ApiError) || !['NotFound', 'Conflict'].includes(error.reason)) throw error;
  }
}
