/** Everything an object must satisfy before it is stored, whatever verb brought it here. */
import { cause, OMITTED } from '../api/causes.ts';
import { invalid, type Cause } from '../api/errors.ts';
import { at, type Json, type JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { objectSchema } from '../api/object-schema.ts';
import { validateMeta, validateMetaUpdate } from '../api/validate-meta.ts';
import { validate } from '../api/validate.ts';
import { metadataOf, metaText } from './body.ts';
import { equal } from './tree.ts';

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
  const found = [
    ...validate(objectSchema(kind), object, '', { secrets: kind.secrets }),
    // What is never stored needs no name.
    ...(kind.storage === 'virtual' ? [] : validateMeta(kind, metadataOf(object))),
    ...storableName(metaText(object, 'name')),
  ];
  if (old !== undefined) {
    found.push(...validateMetaUpdate(metadataOf(object), metadataOf(old)));
    found.push(...kind.immutable.flatMap((path) => immutableProblems(kind, path, { object, old })));
  }
  // Checks across fields rely on the shape being right.
  if (found.length === 0) found.push(...kind.check(object, old));
  return found;
}

/** Some Kubernetes kinds allow almost any name; ours must still be a key of the store. */
const MAX_NAME_BYTES = 1024;

function storableName(name: string): readonly Cause[] {
  if (!name.isWellFormed()) return [cause.invalid('metadata.name', name, 'must be valid Unicode')];
  return Buffer.byteLength(name) > MAX_NAME_BYTES ? [cause.tooLong('metadata.name', MAX_NAME_BYTES)] : [];
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
