/**
 * Update of an object or one of its subresources: what the client sent, combined with what it may not change, as
 * one new version. Replace and every kind of patch end here.
 */
import { cause } from '../api/causes.ts';
import { conflict, invalid, MODIFIED, notFound, type ApiError } from '../api/errors.ts';
import { isObject, type JsonObject } from '../api/json.ts';
import { inNamespace, metadataOf, metaText, readObject, requireName, withMetadata } from './body.ts';
import { commit, CONFLICT, type WriteDeps } from './commit.ts';
import { reportSurprises } from './field-validation.ts';
import { isNamespace } from './finalizers.ts';
import { pathOf } from './keys.ts';
import { managedByUpdate } from './ownership.ts';
import { dedupeOwners } from './owner-references.ts';
import type { Body, Context, Target, WriteOptions, Written } from './registry.ts';
import { fromScale, readScale } from './scale.ts';
import { asUpdated, withGeneration } from './server-fields.ts';
import { pruned, settled } from './shape.ts';
import type { Stored } from './stored.ts';
import { own, takeKey } from './tree.ts';

/** `finalize` is for our own namespace emptying: the only way to take `spec.finalizers` of a namespace away. */
export type Subresource = '' | 'status' | 'scale' | 'finalize';
export type UpdateTarget = Target & { readonly subresource: Subresource };

/** What an attempt makes of the object as it stands. */
export interface Change {
  /** Whole object; resourceVersion and uid in it are preconditions. */
  readonly object: JsonObject;
  /** Its managedFields are final: it comes from an apply. */
  readonly isOwned?: boolean;
}

/** Attempts against other writers before giving up; each one lost means that somebody else got through. */
const MAX_ATTEMPTS = 100;

export async function update(
  deps: WriteDeps,
  request: { readonly context: Context; readonly target: UpdateTarget },
  body: Body,
  options: WriteOptions,
): Promise<Written> {
  const { context, target } = request;
  const { kind } = target;
  if (target.subresource === 'scale') {
    const scale = readScale(target, body, { context, mode: options.fieldValidation, isPatch: false });
    return await change(deps, request, options, (old) => {
      requireUid(target, scale, old.read());
      return { object: fromScale(target, old.read(), scale) };
    });
  }
  const read = inNamespace(readObject(kind, body), target.namespace);
  requireName(read, target);
  const { object, unknown } = pruned(kind, read);
  const check = { kind, name: target.name, mode: options.fieldValidation, isPatch: false };
  reportSurprises(context, check, { unknown, duplicates: body.duplicates });
  // A missing object is 404 whatever the body says, and another one of the name 409.
  requireUid(target, object, existing(deps, target).read());
  requireVersion(target, object);
  return await change(deps, request, options, (old) => {
    requireUid(target, object, old.read());
    return { object };
  });
}

/** For our own namespace emptying only; see `LocalRegistry`. */
export async function finalizeNamespace(
  deps: WriteDeps,
  context: Context,
  namespace: JsonObject,
): Promise<Written> {
  if (deps.namespaceKind === undefined) throw new Error('namespaces are not served here');
  const kind = deps.namespaceKind;
  const target = { kind, namespace: '', name: metaText(namespace, 'name'), subresource: 'finalize' } as const;
  const options = { dryRun: false, fieldManager: 'polder', fieldValidation: 'Ignore' } as const;
  return await change(deps, { context, target }, options, () => ({ object: namespace }));
}

/**
 * Reads, changes and writes until nobody came in between. A resourceVersion in the changed object that is not the
 * stored one is 409, so only unconditional changes are tried again.
 */
export function change(
  deps: WriteDeps,
  request: { readonly context: Context; readonly target: UpdateTarget },
  options: WriteOptions,
  make: (old: Stored) => Change,
): Promise<Written> {
  const { context, target } = request;
  const attempt = (): Promise<Written | typeof CONFLICT> => {
    const old = existing(deps, target);
    const made = make(old);
    requireCurrent(target, made.object, old);
    return attemptUpdate(deps, { context, target, old, made }, options);
  };
  return untilWritten(deps, context, target, attempt);
}

/** Repeats `attempt`, which may throw at once, while others get in between; who has lost once queues, so that nobody loses for ever. */
export async function untilWritten<T>(
  deps: WriteDeps,
  context: Context,
  target: Target,
  attempt: () => Promise<T | typeof CONFLICT>,
): Promise<T> {
  const first = await attempt();
  if (first !== CONFLICT) return first;
  const leave = await deps.turns.enter(
    deps.cache.table(target.kind).shape.prefix + pathOf(target.namespace, target.name),
  );
  try {
    for (let tries = 1; tries < MAX_ATTEMPTS; tries += 1) {
      context.signal.throwIfAborted();
      const result = await attempt();
      if (result !== CONFLICT) return result;
    }
  } finally {
    leave();
  }
  throw conflict(target.kind, target.name, MODIFIED);
}

/** Throws 404. */
export function existing(deps: Pick<WriteDeps, 'cache'>, target: Target): Stored {
  const found = deps.cache.table(target.kind).objects.get(pathOf(target.namespace, target.name));
  if (found === undefined) throw notFound(target.kind, target.name);
  return found;
}

interface Attempt {
  readonly context: Context;
  readonly target: UpdateTarget;
  readonly old: Stored;
  readonly made: Change;
}

function attemptUpdate(
  deps: WriteDeps,
  { context, target, old, made }: Attempt,
  options: WriteOptions,
): Promise<Written | typeof CONFLICT> {
  const { kind, subresource } = target;
  const before = old.read();
  const merged = combine(target, made, before);
  const object = withGeneration(kind, dedupeOwners(settled(kind, merged), context.warn), before);
  const nowMs = deps.clock.now();
  const owned =
    made.isOwned === true
      ? object
      : managedByUpdate({ kind, old: before, object, subresource, options, nowMs });
  return commit(deps, context, { kind, subresource, old, object: owned }, options);
}

/** What each endpoint takes from the client; the rest stays as it is stored. */
function combine(target: UpdateTarget, { object, isOwned }: Change, old: JsonObject): JsonObject {
  switch (target.subresource) {
    case '':
      return keepFinalizersOfNamespace(target, keepStatus(target, asUpdated(object, old), old), old);
    case 'status':
      return isOwned === true
        ? takeOwners(takeKey(old, 'status', object), object)
        : takeKey(old, 'status', object);
    case 'scale':
    case 'finalize':
      return asUpdated(object, old);
  }
}

/** An apply brings its owners along, whatever else of the metadata its endpoint leaves alone. */
const takeOwners = (object: JsonObject, from: JsonObject): JsonObject =>
  withMetadata(object, takeKey(metadataOf(object), 'managedFields', metadataOf(from)));

/** Where status is a subresource the main endpoint leaves it alone. */
const keepStatus = (target: UpdateTarget, object: JsonObject, old: JsonObject): JsonObject =>
  target.kind.hasStatus ? takeKey(object, 'status', old) : object;

// source: core registry namespaceStrategy.PrepareForUpdate: only /finalize changes spec.finalizers.
function keepFinalizersOfNamespace(target: UpdateTarget, object: JsonObject, old: JsonObject): JsonObject {
  if (!isNamespace(target.kind)) return object;
  const spec = own(object, 'spec');
  const oldSpec = own(old, 'spec');
  const kept = takeKey(isObject(spec) ? spec : {}, 'finalizers', isObject(oldSpec) ? oldSpec : {});
  return { ...object, spec: kept };
}

/** Throws 422: an unconditional replace is allowed for Kubernetes' own kinds only, as on a cluster. */
export function requireVersion({ kind, name }: UpdateTarget, object: JsonObject): void {
  if (kind.origin === 'native' || metaText(object, 'resourceVersion') !== '') return;
  // The details name the resource here, as upstream.
  throw invalid({ group: kind.group, kind: kind.plural }, name, [
    cause.invalid('metadata.resourceVersion', 0, 'must be specified for an update'),
  ]);
}

/** Throws 409 when the object was changed since the client read it. */
function requireCurrent({ kind, name }: UpdateTarget, object: JsonObject, old: Stored): void {
  const version = metaText(object, 'resourceVersion');
  if (version !== '' && version !== String(old.revision)) throw conflict(kind, name, MODIFIED);
}

/** Throws 409 when the client means another object of the same name. */
export function requireUid({ kind, name }: UpdateTarget, object: JsonObject, old: JsonObject): void {
  const uid = metaText(object, 'uid');
  if (uid !== '' && uid !== metaText(old, 'uid')) throw wrongUid({ kind, name }, uid, metaText(old, 'uid'));
}

export const wrongUid = (target: Pick<Target, 'kind' | 'name'>, uid: string, stored: string): ApiError =>
  conflict(
    target.kind,
    target.name,
    `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${stored}`,
  );
