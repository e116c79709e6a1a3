/**
 * Server-side apply: a manager states the fields it wants, owns exactly those, and fields it no longer states
 * go unless somebody else owns them.
 * source: apimachinery util/managedfields internal (fieldmanager.go, structuredmerge.go, skipnonapplied.go).
 */
import { applyDefaults } from '../../api/default.ts';
import { ApiError, badRequest } from '../../api/errors.ts';
import { type JsonObject } from '../../api/json.ts';
import { apiVersionOf, type Kind } from '../../api/kind.ts';
import { objectSchema } from '../../api/object-schema.ts';
import { applyOwners, type Application, type Applied } from './apply-owners.ts';
import { typeProblems } from './check-type.ts';
import { conflictError } from './conflict-error.ts';
import { endpointOf, type Endpoint, type Subresource } from './endpoint.ts';
import { KUBECTL, syncLastApplied, takeOverSet } from './last-applied.ts';
import { UnaddressableItem } from './list-items.ts';
import { dropTimeOnlyChange, managedFieldsOf, metadataOf, withManagedFields } from './managed-fields.ts';
import { ownersAfterUpdate } from './owners-after-update.ts';
import { decodeOwners, encodeOwners, type Owners } from './owners.ts';
import type { Conflict } from './settle.ts';

export interface ServerSideApply {
  readonly kind: Kind;
  /** Undefined when the apply creates the object. */
  readonly current: JsonObject | undefined;
  /** The configuration as sent; its apiVersion and kind are checked by the caller. */
  readonly applied: JsonObject;
  readonly manager: string;
  readonly force: boolean;
  readonly subresource: Subresource;
  readonly nowMs: number;
}

/**
 * Returns the merged, defaulted object with its new managedFields, before validation and the restoring of what the
 * endpoint resets. Inputs are not changed; unchanged parts are shared with them. An apply that changes
 * nothing returns an object deep-equal to `current`, times included.
 *
 * | request                                        | outcome                                       |
 * | ---------------------------------------------- | --------------------------------------------- |
 * | `metadata.managedFields` in the configuration  | 400 BadRequest                                |
 * | undeclared field, wrong type, duplicate item    | 500, `failed to create typed patch object`    |
 * | changes a field of another manager, no `force` | 409 Conflict, one FieldManagerConflict a field |
 */
export function serverSideApply(request: ServerSideApply): JsonObject {
  const { kind, applied } = request;
  const endpoint = endpointOf(kind, request.subresource);
  if (Array.isArray(managedFieldsOf(applied))) throw badRequest('metadata.managedFields must be nil');
  const problems = typeProblems(endpoint.atom, applied);
  if (problems.length > 0) throw untypable('patch', kind, applied, problems);
  const current = request.current ?? { apiVersion: apiVersionOf(kind), kind: kind.kind };
  const live = withManagedFields(current, undefined);
  try {
    const result = settleConflicts(endpoint, ownersBefore(endpoint, request), { ...request, live });
    return finish(request, current, { live, result });
  } catch (error) {
    if (!(error instanceof UnaddressableItem)) throw error;
    const { message, list, index } = error;
    const isInLive = typeProblems(endpoint.atom, live).some((problem) => problem.endsWith(message));
    if (isInLive || list === undefined) throw untypable('live', kind, live, [message]);
    // The item lost its last field in this apply.
    throw new ApiError('InternalError', `failed to compare objects: ${list}: element ${index}: ${message}`);
  }
}

/** Fields of an object that nobody tracks yet belong to `before-first-apply`. */
function ownersBefore(endpoint: Endpoint, request: ServerSideApply): Owners {
  const { current } = request;
  const owners = decodeOwners(managedFieldsOf(current), 'stored');
  if (owners !== undefined) return owners;
  return ownersAfterUpdate(endpoint, new Map(), {
    before: {},
    after: current ?? {},
    manager: 'before-first-apply',
    nowMs: request.nowMs,
  });
}

function settleConflicts(
  endpoint: Endpoint,
  owners: Owners,
  request: ServerSideApply & { readonly live: JsonObject },
): Applied {
  const application: Application = {
    live: request.live,
    config: request.applied,
    manager: request.manager === '' ? 'unknown' : request.manager,
    nowMs: request.nowMs,
  };
  const result = applyOwners(endpoint, owners, application);
  if (request.force) return result;
  const conflicts = disputed(endpoint, request, result.conflicts);
  if (conflicts.length > 0) throw conflictError(conflicts.map((each) => asSeen(request.subresource, each)));
  return result;
}

/** Through `/scale` an object is a Scale, whoever wrote it in whatever version. */
function asSeen(subresource: Subresource, conflict: Conflict): Conflict {
  if (subresource !== 'scale') return conflict;
  return { ...conflict, owner: { ...conflict.owner, apiVersion: SCALE_VERSION } };
}
const SCALE_VERSION = 'autoscaling/v1';

/** Conflicts that client-side apply does not explain. */
function disputed(
  endpoint: Endpoint,
  request: ServerSideApply & { readonly live: JsonObject },
  conflicts: readonly Conflict[],
): readonly Conflict[] {
  if (conflicts.length === 0 || request.manager !== KUBECTL) return conflicts;
  const allowed = takeOverSet(endpoint, request.live);
  return allowed === undefined ? conflicts : conflicts.filter((conflict) => !allowed.includes(conflict.path));
}

function finish(
  request: ServerSideApply,
  current: JsonObject,
  outcome: { readonly live: JsonObject; readonly result: Applied },
): JsonObject {
  const { object, owners } = outcome.result;
  const merged = object === undefined ? outcome.live : withDefaults(request.kind, object);
  const synced = request.manager === KUBECTL ? syncLastApplied(merged, request.applied) : merged;
  return dropTimeOnlyChange(current, withManagedFields(synced, encodeOwners(owners)));
}

/** Also drops the nulls that emptied containers leave. */
const withDefaults = (kind: Kind, object: JsonObject): JsonObject =>
  applyDefaults(objectSchema(kind), object) as JsonObject;

/** source: kube-apiserver answers these with a bare 500; clients look for the text. */
function untypable(what: string, kind: Kind, object: JsonObject, problems: readonly string[]): ApiError {
  const { namespace, name } = metadataOf(object);
  const id = `${typeof namespace === 'string' ? namespace : ''}/${typeof name === 'string' ? name : ''}`;
  const type = `${kind.group === '' ? '' : kind.group}/${kind.version}, Kind=${kind.kind}`;
  const list =
    problems.length === 1 ? problems[0] : `errors:\n${problems.map((line) => `  ${line}`).join('\n')}`;
  return new ApiError('InternalError', `failed to create typed ${what} object (${id}; ${type}): ${list}`);
}
