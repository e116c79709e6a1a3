/**
 * Delete: at once, or marked and left to its finalizers.
 * source: kubernetes/apiserver pkg/registry/generic/registry/store.go.
 */
import { conflict } from '../api/errors.ts';
import type { JsonObject } from '../api/json.ts';
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from '../api/validate-meta.ts';
import { timestamp } from '../runtime/clock.ts';
import { metadataOf, metaText, withMetadata } from './body.ts';
import { admissionRequest, CONFLICT, put, type WriteDeps } from './commit.ts';
import { finalizersOf, isHeld, isTerminating } from './finalizers.ts';
import type { Context, Deleted, DeleteOptions, Target } from './registry.ts';
import { serialise, unstored, valueOf, type Stored } from './stored.ts';
import { equal, own, without } from './tree.ts';
import { existing, untilWritten } from './update.ts';

export async function remove(
  deps: WriteDeps,
  context: Context,
  target: Target,
  options: DeleteOptions,
): Promise<Deleted> {
  return await untilWritten(deps, context, target, async () => {
    const old = existing(deps, target);
    const object = old.read();
    requirePreconditions(target, options, old);
    const request = admissionRequest(
      context,
      { kind: target.kind, subresource: '', old, object },
      { object: undefined, options },
    );
    await deps.admission.validate({ ...request, operation: 'DELETE' });
    return await attempt(deps, { target, options, old });
  });
}

/** Throws 409. */
function requirePreconditions({ kind, name }: Target, options: DeleteOptions, old: Stored): void {
  const { uid, resourceVersion } = options;
  const storedUid = metaText(old.read(), 'uid');
  // Upstream names the Kind here and the resource in all other conflicts.
  const resource = { group: kind.group, plural: kind.kind };
  if (uid !== undefined && uid !== storedUid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${storedUid})`;
    throw conflict(resource, name, `${why}. The object might have been deleted and then recreated`);
  }
  if (resourceVersion !== undefined && resourceVersion !== String(old.revision)) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match`;
    const record = `the ResourceVersion in record (${old.revision})`;
    throw conflict(resource, name, `${why} ${record}. The object might have been modified`);
  }
}

interface Removal {
  readonly target: Target;
  readonly options: DeleteOptions;
  readonly old: Stored;
}

async function attempt(deps: WriteDeps, removal: Removal): Promise<Deleted | typeof CONFLICT> {
  const { target, options, old } = removal;
  const { kind } = target;
  const object = old.read();
  const uid = metaText(object, 'uid');
  const marked = mark(deps, removal);
  if (!isHeld(kind, marked)) {
    if (options.dryRun) return { object: undefined, uid };
    const gone = await put(deps, {
      key: old.key,
      type: 'delete',
      value: valueOf(old),
      expected: old.revision,
    });
    return gone === CONFLICT ? CONFLICT : { object: undefined, uid };
  }
  // A second delete changes nothing, not even the resourceVersion.
  if (equal(marked, object)) return { object: old, uid };
  const { shape } = old;
  if (options.dryRun) return { object: unstored(shape, marked, old.revision), uid };
  const value = serialise(shape, marked);
  const revision = await put(deps, { key: old.key, type: 'put', value, expected: old.revision });
  return revision === CONFLICT ? CONFLICT : { object: unstored(shape, marked, revision), uid };
}

/** The object as it waits for its finalizers, those of the propagation policy included. */
function mark(deps: WriteDeps, { target, options, old }: Removal): JsonObject {
  const object = old.read();
  const finalizers = finalizersOf(object).filter(
    (one) => one !== FOREGROUND_FINALIZER && one !== ORPHAN_FINALIZER,
  );
  if (options.propagationPolicy === 'Foreground') finalizers.push(FOREGROUND_FINALIZER);
  if (options.propagationPolicy === 'Orphan') finalizers.push(ORPHAN_FINALIZER);
  const bare = without(metadataOf(object), 'finalizers');
  const metadata = finalizers.length === 0 ? bare : { ...bare, finalizers };
  const next = withMetadata(object, metadata);
  if (isTerminating(object)) return next;
  const generation = own(metadata, 'generation');
  const leaving = withMetadata(next, {
    ...metadata,
    ...(typeof generation === 'number' ? { generation: generation + 1 } : {}),
    deletionTimestamp: timestamp(deps.clock.now()),
    deletionGracePeriodSeconds: 0,
  });
  return target.kind.prepare?.(leaving) ?? leaving;
}
