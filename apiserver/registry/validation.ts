/** Everything an object must satisfy before it is stored, whatever verb brought it here. */
import { cause, OMITTED } from '../api/causes.ts';
import { invalid, type Cause } from '../api/errors.ts';
import { at, type Json, type JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { objectSchema } from '../api/object-schema.ts';
import { validate } from '../api/validate.ts';
import { metadataOf, metaText } from './body.ts';
import { finalizersOf, isTerminating } from './finalizers.ts';
import { equal, own } from './tree.ts';

export interface Candidate {
  readonly kind: Kind;
  readonly object: JsonObject;
  readonly old: JsonObject | undefined;
  /** Empty for the object itself. */
  readonly subresource: string;
}

/** Throws 422 with every problem found. */
export function requireValid(candidate: Candidate): void {
  const causes = problems(candidate);
  if (causes.length > 0) throw invalid(candidate.kind, metaText(candidate.object, 'name'), causes);
}

function problems(candidate: Candidate): readonly Cause[] {
  const { kind, object, old } = candidate;
  const found = [...validate(objectSchema(kind), object, '', { secrets: kind.secrets })];
  if (old !== undefined) found.push(...updateProblems(kind, object, old));
  // Checks across fields rely on the shape being right.
  if (found.length === 0) found.push(...kind.check(object, old));
  return found;
}

function updateProblems(kind: Kind, object: JsonObject, old: JsonObject): readonly Cause[] {
  return [
    ...identityProblems(object, old),
    ...finalizerProblems(object, old),
    ...kind.immutable.flatMap((path) => immutableProblems(kind, path, { object, old })),
  ];
}

// source: apimachinery pkg/api/validation ValidateObjectMetaAccessorUpdate.
function identityProblems(object: JsonObject, old: JsonObject): readonly Cause[] {
  const metadata = metadataOf(object);
  const before = metadataOf(old);
  const causes: Cause[] = [];
  for (const field of ['name', 'namespace', 'uid']) {
    const value = own(metadata, field);
    if (value !== own(before, field)) causes.push(cause.immutable(`metadata.${field}`, value));
  }
  const deletion = own(metadata, 'deletionTimestamp');
  if (deletion !== own(before, 'deletionTimestamp')) {
    const why = 'field is immutable; may only be changed via deletion';
    causes.push(cause.invalid('metadata.deletionTimestamp', deletion, why));
  }
  return causes;
}

function finalizerProblems(object: JsonObject, old: JsonObject): readonly Cause[] {
  if (!isTerminating(old)) return [];
  const before = finalizersOf(old);
  const added = finalizersOf(object).filter((finalizer) => !before.includes(finalizer));
  if (added.length === 0) return [];
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [cause.forbidden('metadata.finalizers', why)];
}

function immutableProblems(
  kind: Kind,
  path: string,
  { object, old }: { readonly object: JsonObject; readonly old: JsonObject },
): readonly Cause[] {
  const value = at(object, path);
  if (equal(value as Json | undefined, at(old, path) as Json | undefined)) return [];
  const isSecret = kind.secrets.some((secret) => path === secret || path.startsWith(`${secret}.`));
  return [cause.immutable(path, isSecret ? OMITTED : value)];
}
