/** The form in which a kind stores what a client wrote: unknown fields dropped, defaults filled in, normalised. */
import { applyDefaults } from '../api/default.ts';
import type { JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { objectSchema } from '../api/object-schema.ts';
import { prune } from '../api/prune.ts';
import { metadataOf, withMetadata } from './body.ts';
import { own, without } from './tree.ts';

export interface Shaped {
  readonly object: JsonObject;
  /** Paths of the fields that were dropped. */
  readonly unknown: readonly string[];
}

export function pruned(kind: Kind, object: JsonObject): Shaped {
  const { value, unknown } = prune(objectSchema(kind), object);
  // Pruning keeps the root an object.
  return { object: value as JsonObject, unknown };
}

/** Fills in defaults and lets the kind normalise. Idempotent, so it also runs after mutation. */
export function settled(kind: Kind, object: JsonObject): JsonObject {
  const filled = applyDefaults(objectSchema(kind), withoutEmptyMetadata(object)) as JsonObject;
  return kind.prepare === undefined ? filled : kind.prepare(filled);
}

const COLLECTIONS = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/** Metadata has no empty collections: clients tell `absent` from `there`. source: omitempty of meta/v1 ObjectMeta. */
function withoutEmptyMetadata(object: JsonObject): JsonObject {
  const metadata = metadataOf(object);
  const empty = COLLECTIONS.filter((field) => isEmpty(own(metadata, field)));
  return empty.length === 0 ? object : withMetadata(object, without(metadata, ...empty));
}

const isEmpty = (value: unknown): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0);
