/** Owner references of an object, and their repair before it is stored. */
import { at, type Json, type JsonObject } from '../api/json.ts';
import type { OwnerReference } from '../api/meta.ts';
import { metadataOf, withMetadata } from './body.ts';
import { own } from './tree.ts';

/** Of a stored object, which passed validation. */
export function ownersOf(object: JsonObject): readonly OwnerReference[] {
  const owners = own(metadataOf(object), 'ownerReferences');
  return Array.isArray(owners) ? (owners as unknown as readonly OwnerReference[]) : [];
}

/** Drops repeated references and says so. source: kubernetes/apiserver handlers, dedupOwnerReferences. */
export function dedupeOwners(object: JsonObject, warn: (text: string) => void): JsonObject {
  const metadata = metadataOf(object);
  const owners = own(metadata, 'ownerReferences');
  if (!Array.isArray(owners)) return object;
  const kept = new Map<string, Json>();
  const repeated = new Set<string>();
  for (const owner of owners as readonly Json[]) {
    const text = JSON.stringify(owner);
    if (kept.has(text)) repeated.add(String(at(owner, 'uid')));
    else kept.set(text, owner);
  }
  if (repeated.size === 0) return object;
  const uids = [...repeated].join(', ');
  warn(`.metadata.ownerReferences contains duplicate entries, which were dropped; duplicate UID(s): ${uids}`);
  return withMetadata(object, { ...metadata, ownerReferences: [...kept.values()] });
}
