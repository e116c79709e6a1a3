/**
 * The last part of every create and update: admission, validation, and one append to the store.
 * Order: mutate -> settle again -> validate -> admission's validate -> limits, quota -> append -> visible in the cache.
 */
import type { Admission, AdmissionRequest } from '../api/admission.ts';
import { ApiError } from '../api/errors.ts';
import type { JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Guard, Write, WriteResult } from '../store/store.ts';
import { metaText, metadataOf } from './body.ts';
import type { Cache } from './cache.ts';
import { isHeld, isTerminating } from './finalizers.ts';
import { pathOf } from './keys.ts';
import { requireNamespace, type Namespaces } from './namespace-lifecycle.ts';
import { dedupeOwners } from './owner-references.ts';
import { requireWithinLimits } from './quota/limit-bounds.ts';
import { withContainerDefaults } from './quota/limit-defaults.ts';
import type { QuotaLedger } from './quota/ledger.ts';
import { OUTRUN, unguarded, withinQuota } from './quota/within-quota.ts';
import type { Context, WriteOptions, Written } from './registry.ts';
import { keepIdentity, withGeneration } from './server-fields.ts';
import { pruned, settled } from './shape.ts';
import { ofWrite } from './store-errors.ts';
import { serialise, unstored, valueOf, type Stored } from './stored.ts';
import { equal, own, without } from './tree.ts';
import type { Turns } from './turns.ts';
import { requireValid } from './validation.ts';

export interface WriteDeps {
  readonly cache: Cache;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly turns: Turns;
  /** Cluster-scoped; undefined where namespaces live elsewhere. */
  readonly namespaceKind: Kind | undefined;
  /** Undefined: nobody knows of namespaces, and none is asked for. */
  readonly namespaces: Namespaces | undefined;
  /** Undefined where ResourceQuotas live elsewhere. */
  readonly quota: QuotaLedger | undefined;
}

export interface Proposal {
  readonly kind: Kind;
  readonly subresource: string;
  /** Undefined on create. */
  readonly old: Stored | undefined;
  /** Settled, with its new managedFields. */
  readonly object: JsonObject;
}

/** Somebody else wrote the object since it was read: nothing was stored. */
export const CONFLICT: unique symbol = Symbol('conflict');

// source: etcd's default request limit, which every object on a cluster has to keep as well.
const MAX_OBJECT_BYTES = 1.5 * 1024 * 1024;

export async function commit(
  deps: WriteDeps,
  context: Context,
  proposal: Proposal,
  options: WriteOptions,
): Promise<Written | typeof CONFLICT> {
  const { kind, old } = proposal;
  const before = old?.read();
  const request = admissionRequest(context, proposal, { object: proposal.object, options });
  const answered = deps.admission.mutate(request);
  // Most answers are there at once: no turn is lost for them.
  const admitted = answered instanceof Promise ? await answered : answered;
  const mutated = withContainerDefaults(deps.cache, proposal, admitted);
  let object = proposal.object;
  if (mutated !== object) object = resettled(proposal, mutated, context);
  if (before !== undefined) object = withGeneration(kind, object, before);
  requireValid({ kind, object, old: before, subresource: proposal.subresource });
  const judged = deps.admission.validate(object === request.object ? request : { ...request, object });
  if (judged instanceof Promise) await judged;
  // Asked again: admission may have taken its time, and a namespace is emptied once only.
  const inPlace = old === undefined ? requireNamespace(deps, kind, request) : undefined;
  if (inPlace !== undefined) await inPlace;
  if (old !== undefined && before !== undefined && isUnchanged(object, before)) {
    return { object: old, created: false };
  }
  requireWithinLimits(deps.cache, proposal, object);
  return unguarded(await bounded(deps, { proposal, object, dryRun: options.dryRun }));
}

type Outcome = Written | typeof CONFLICT | typeof OUTRUN;

/** source: the ResourceQuota plugin looks at objects, not at their subresources. */
function bounded(deps: WriteDeps, decided: Decided): Promise<Outcome> {
  const { proposal, object } = decided;
  const { kind, old, subresource } = proposal;
  const namespace = metaText(object, 'namespace');
  if (deps.quota === undefined || namespace === '' || subresource !== '') {
    return append(deps, decided, undefined);
  }
  const write = { kind, namespace, name: metaText(object, 'name'), object, isNew: old === undefined };
  return withinQuota(deps, write, (guard) => append(deps, decided, guard));
}

export function admissionRequest(
  context: Context,
  proposal: Pick<Proposal, 'kind' | 'subresource' | 'old'> & { readonly object: JsonObject },
  state: { readonly object: JsonObject | undefined; readonly options: Pick<WriteOptions, 'dryRun' | 'sent'> },
): AdmissionRequest {
  return {
    operation: proposal.old === undefined ? 'CREATE' : 'UPDATE',
    kind: proposal.kind,
    subresource: proposal.subresource,
    namespace: metaText(proposal.object, 'namespace'),
    name: metaText(proposal.object, 'name'),
    user: context.user,
    dryRun: state.options.dryRun,
    options: state.options.sent,
    object: state.object,
    oldObject: proposal.old?.read(),
    within: context,
    warn: context.warn,
    annotate: context.annotate,
  };
}

/** Mutation may change anything but the identity and what only the server sets. */
function resettled(proposal: Proposal, mutated: JsonObject, context: Context): JsonObject {
  const { object } = pruned(proposal.kind, mutated);
  return keepIdentity(settled(proposal.kind, dedupeOwners(object, context.warn)), proposal.object);
}

/** Times of managedFields alone are no change. source: kubernetes/apiserver etcd3 store and fieldmanager. */
function isUnchanged(object: JsonObject, before: JsonObject): boolean {
  if (!equal(without(object, 'metadata'), without(before, 'metadata'))) return false;
  const now = metadataOf(object);
  const then = metadataOf(before);
  return (
    equal(
      without(now, 'managedFields', 'resourceVersion'),
      without(then, 'managedFields', 'resourceVersion'),
    ) && equal(untimed(now), untimed(then))
  );
}

function untimed(metadata: JsonObject): readonly JsonObject[] {
  const entries = own(metadata, 'managedFields');
  return Array.isArray(entries) ? entries.map((entry: JsonObject) => without(entry, 'time')) : [];
}

interface Decided {
  readonly proposal: Proposal;
  readonly object: JsonObject;
  readonly dryRun: boolean;
}

async function append(
  deps: WriteDeps,
  { proposal, object, dryRun }: Decided,
  guard: Guard | undefined,
): Promise<Outcome> {
  const { kind, old } = proposal;
  const { shape } = deps.cache.table(kind);
  const expected = old?.revision ?? 0;
  const created = old === undefined;
  const value = serialise(shape, object);
  if (value.length > MAX_OBJECT_BYTES) throw tooLarge(value.length);
  if (dryRun) return { object: unstored(shape, object, expected), created };
  const path = pathOf(metaText(object, 'namespace'), metaText(object, 'name'));
  const key = shape.prefix + path;
  if (isTerminating(object) && !isHeld(kind, object)) {
    // The update that takes the last finalizer away is the delete; its answer is what the client wrote.
    const gone = await put(deps, {
      key,
      type: 'delete',
      value: old === undefined ? value : valueOf(old),
      expected,
    });
    return gone === CONFLICT ? CONFLICT : { object: unstored(shape, object, gone), created: false };
  }
  const result = await decide(deps, guarded({ key, type: 'put', value, expected }, guard));
  if (!result.ok) return isOutrun(result.current, expected, guard) ? OUTRUN : CONFLICT;
  const { revision } = result;
  // Another group may have followed at once; the answer is what this one wrote.
  return { object: deps.cache.justWritten(revision) ?? unstored(shape, object, revision), created };
}

const guarded = (write: Write, guard: Guard | undefined): Write =>
  guard === undefined ? write : { ...write, guard };

/** What the write expected was there, so it was its guard that did not hold. */
const isOutrun = (current: number, expected: number, guard: Guard | undefined): boolean =>
  guard !== undefined && current === expected;

/**
 * The new revision. When it resolves, the cache has the change; when it resolves with CONFLICT, the cache has what it
 * conflicts with. Throws 503 when the store takes no writes, such as on a full disk, and 504 when its answer was lost.
 */
export async function put(deps: WriteDeps, write: Write): Promise<number | typeof CONFLICT> {
  const result = await decide(deps, write);
  return result.ok ? result.revision : CONFLICT;
}

async function decide(deps: WriteDeps, write: Write): Promise<WriteResult> {
  try {
    return await deps.cache.store.append(write);
  } catch (error) {
    throw ofWrite(error);
  }
}

const tooLarge = (bytes: number): ApiError =>
  new ApiError(
    'RequestEntityTooLarge',
    `the object has ${bytes} bytes and may have at most ${MAX_OBJECT_BYTES} when stored`,
  );
