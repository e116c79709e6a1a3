/**
 * What a newer version adds to its built-in roles and policies reaches the ones that an older version stored. Nothing
 * is ever taken away, so replicas of two versions do not undo each other, and what an operator changed stays as it is.
 * source: the reconciliation of default roles in Kubernetes' RBAC, which adds and never removes.
 */
import { isDeepStrictEqual } from 'node:util';
import { ApiError } from './api/errors.ts';
import { at, isObject, type Json, type JsonObject } from './api/json.ts';
import type { Kind } from './api/kind.ts';
import { BUILT_IN_ANNOTATION, isOfComponents } from './policy/built-in.ts';
import type { Context, Registry } from './registry/registry.ts';
import type { Log } from './runtime/log.ts';

export interface AdditionDeps {
  readonly registry: Registry;
  readonly context: Context;
  readonly log: Log;
}

/** The lists that grow: what a role holds, and whom a policy names. */
const FIELDS = ['actions', 'subjects'] as const;

export async function addMissing(deps: AdditionDeps, kind: Kind, shipped: JsonObject): Promise<void> {
  const name = String(at(shipped, 'metadata.name'));
  const stored = deps.registry.peek(kind, '', name)?.read();
  const written = annotationsOf(stored)[BUILT_IN_ANNOTATION];
  // Without the mark it is somebody else's of the same name.
  if (stored === undefined || written === undefined) return;
  const missing = FIELDS.flatMap((field) => missingIn(field, stored, shipped));
  if (missing.length === 0) return;
  const generation = Number(at(stored, 'metadata.generation'));
  const isAsWritten = generation === Number(written === 'true' ? 1 : written);
  if (!isAsWritten && !isOfComponents(name)) {
    const what = missing.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)));
    deps.log.info('a built-in object was changed here and does not get what this version adds', {
      kind: kind.kind,
      name,
      missing: what.join(', '),
    });
    return;
  }
  await write(deps, kind, grown(stored, shipped, isAsWritten ? generation + 1 : undefined));
}

function missingIn(field: string, stored: JsonObject, shipped: JsonObject): readonly Json[] {
  const held = listAt(stored, field);
  return listAt(shipped, field).filter((wanted) => !held.some((each) => isDeepStrictEqual(each, wanted)));
}

function listAt(object: JsonObject, field: string): readonly Json[] {
  const list = at(object, `spec.${field}`);
  return Array.isArray(list) ? (list as readonly Json[]) : [];
}

/** `mark` undefined: an operator's change stays recognisable as one. */
function grown(stored: JsonObject, shipped: JsonObject, mark: number | undefined): JsonObject {
  const spec = isObject(stored['spec']) ? stored['spec'] : {};
  const lists = FIELDS.map(
    (field) => [field, [...listAt(stored, field), ...missingIn(field, stored, shipped)]] as const,
  );
  const metadata = isObject(stored['metadata']) ? stored['metadata'] : {};
  const annotations = mark === undefined ? {} : { [BUILT_IN_ANNOTATION]: String(mark) };
  return {
    ...stored,
    metadata: { ...metadata, annotations: { ...annotationsOf(stored), ...annotations } },
    spec: { ...spec, ...Object.fromEntries(lists.filter(([, list]) => list.length > 0)) },
  };
}

function annotationsOf(object: JsonObject | undefined): JsonObject {
  const annotations = at(object, 'metadata.annotations');
  return isObject(annotations) ? annotations : {};
}

async function write(
  { registry, context, log }: AdditionDeps,
  kind: Kind,
  object: JsonObject,
): Promise<void> {
  const name = String(at(object, 'metadata.name'));
  const target = { kind, namespace: '', name, subresource: '' as const };
  const body = { value: object, duplicates: [], lossy: [] };
  const options = { dryRun: false, fieldManager: 'polder', fieldValidation: 'Strict' as const };
  try {
    await registry.update(context, target, body, options);
    log.info('a built-in object got what this version adds', { kind: kind.kind, name });
  } catch (error) {
    // Another replica was faster, or an operator is at it; the next start looks again.
    if (!(error instanceof ApiError) || error.reason !== 'Conflict') throw error;
  }
}
