/**
 * Apply as a verb: creates what is not there, else merges what the manager states into what is stored.
 * source: kubernetes/apiserver pkg/endpoints/handlers/patch.go applyPatcher.
 */
import { ApiError, badRequest, conflict, MODIFIED } from '../api/errors.ts';
import { isObject, type JsonObject } from '../api/json.ts';
import { apiVersionOf } from '../api/kind.ts';
import { serverSideApply } from './apply/server-side-apply.ts';
import { inNamespace, metadataOf, metaText, ofKind, requireExact, requireName } from './body.ts';
import type { WriteDeps } from './commit.ts';
import { createObject } from './create.ts';
import { reportSurprises } from './field-validation.ts';
import { pathOf } from './keys.ts';
import type { PatchRequest } from './patch.ts';
import type { Body, Patch, WriteOptions, Written } from './registry.ts';
import { fromScale, readScale, type ScaleWrite } from './scale.ts';
import { pruned } from './shape.ts';
import { own, withPath } from './tree.ts';
import { change, type UpdateTarget } from './update.ts';

type ApplyPatch = Extract<Patch, { readonly type: 'apply' }>;

/** Throws what `serverSideApply` throws, 400 for a configuration of another object and 409 for a stale version. */
export async function apply(
  deps: WriteDeps,
  request: PatchRequest,
  sent: ApplyPatch,
  options: WriteOptions,
): Promise<Written> {
  const { context, target } = request;
  const { kind } = target;
  requireExact(kind, target.name, sent.body);
  const applied = readApplied(request, sent, options);
  const merge = (current: JsonObject | undefined): JsonObject =>
    serverSideApply({
      kind,
      current,
      applied,
      manager: options.fieldManager,
      force: sent.force,
      subresource: target.subresource === 'finalize' ? '' : target.subresource,
      nowMs: deps.clock.now(),
    });
  const isThere = deps.cache.table(kind).objects.has(pathOf(target.namespace, target.name));
  if (isThere || target.subresource !== '') {
    return await change(deps, request, options, (old) => ({ object: merge(old.read()), isOwned: true }));
  }
  requireNamed(target, sent.body.value);
  requireNew(target, applied);
  const allowed = sent.beforeCreate?.();
  if (allowed !== undefined) await allowed;
  try {
    return await createObject(deps, context, { target, object: merge(undefined), options, isOwned: true });
  } catch (error) {
    const cameBetween = error instanceof ApiError && error.reason === 'AlreadyExists';
    if (!cameBetween) throw error;
    return await change(deps, request, options, (old) => ({ object: merge(old.read()), isOwned: true }));
  }
}

/** The configuration as an object of the kind, without the fields the kind does not have. */
function readApplied({ context, target }: PatchRequest, sent: ApplyPatch, options: WriteOptions): JsonObject {
  const { kind, name, subresource } = target;
  const { value, duplicates } = sent.body;
  if (subresource === 'scale') {
    return appliedScale(target, sent.body, { context, mode: options.fieldValidation, isPatch: true });
  }
  requireSameVersion(target, value);
  const read = inNamespace(ofKind(kind, value), target.namespace);
  const named = metaText(read, 'name') === '' ? withPath(read, ['metadata', 'name'], name) : read;
  requireName(named, target);
  const { object, unknown } = pruned(kind, named);
  const check = { kind, name, mode: options.fieldValidation, isPatch: true };
  reportSurprises(context, check, { unknown, duplicates });
  return object;
}

/** Through `/scale` one field is applied, wherever the kind keeps it. */
function appliedScale(target: UpdateTarget, body: Body, write: ScaleWrite): JsonObject {
  const { kind, name, namespace } = target;
  const { value } = body;
  for (const field of ['kind', 'apiVersion']) {
    if (isObject(value) && own(value, field) === undefined) throw badRequest(`${field} must be set`);
  }
  const scale = readScale(target, body, write);
  if (own(metadataOf(scale), 'managedFields') !== undefined) {
    throw badRequest('metadata.managedFields must be nil');
  }
  const metadata = namespace === '' ? { name } : { name, namespace };
  return fromScale(target, { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata }, scale);
}

function requireSameVersion({ kind }: UpdateTarget, value: unknown): void {
  const version = isObject(value) ? own(value, 'apiVersion') : undefined;
  const expected = apiVersionOf(kind);
  if (typeof version !== 'string' || version === expected) return;
  throw badRequest(
    `Incorrect version specified in apply patch. Specified patch version: ${version}, expected: ${expected}`,
  );
}

/** Who creates says the name twice: throws 400 where the configuration leaves it out. */
function requireNamed(target: UpdateTarget, value: unknown): void {
  if (isObject(value)) requireName(value, target);
}

/** A configuration that means a stored object cannot create one. */
function requireNew({ kind, name }: UpdateTarget, applied: JsonObject): void {
  const uid = metaText(applied, 'uid');
  if (uid !== '') {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(kind, name, why);
  }
  if (metaText(applied, 'resourceVersion') !== '') throw conflict(kind, name, MODIFIED);
}
