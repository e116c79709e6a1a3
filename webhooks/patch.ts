/** The smallest JSON patch that makes one JSON value of another, as mutating webhooks answer. source: RFC 6902. */
import { isObject, type Json, type JsonObject } from '../apiserver/api/json.ts';

export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string };

/** Operations that turn `before` into `after`, in an order that is valid; empty when they are equal. */
export function patchBetween(before: JsonObject, after: JsonObject): readonly PatchOperation[] {
  const operations: PatchOperation[] = [];
  diffObjects(before, after, '', operations);
  return operations;
}

function diff(before: Json, after: Json, path: string, operations: PatchOperation[]): void {
  if (before === after) return;
  if (Array.isArray(before) && Array.isArray(after)) diffLists(before, after, path, operations);
  else if (isObject(before) && isObject(after)) diffObjects(before, after, path, operations);
  else operations.push({ op: 'replace', path, value: after });
}

function diffObjects(
  before: JsonObject,
  after: JsonObject,
  path: string,
  operations: PatchOperation[],
): void {
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) operations.push({ op: 'remove', path: `${path}/${escaped(key)}` });
  }
  for (const [key, value] of Object.entries(after)) {
    const place = `${path}/${escaped(key)}`;
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (old === undefined) operations.push({ op: 'add', path: place, value });
    else diff(old, value, place, operations);
  }
}

/** By position: mutations append, and what they change they change in place. */
function diffLists(
  before: readonly Json[],
  after: readonly Json[],
  path: string,
  operations: PatchOperation[],
): void {
  const shared = Math.min(before.length, after.length);
  for (let index = 0; index < shared; index += 1) {
    diff(before[index] ?? null, after[index] ?? null, `${path}/${index}`, operations);
  }
  // From the end, so that the positions of the others stay.
  for (let index = before.length - 1; index >= shared; index -= 1) {
    operations.push({ op: 'remove', path: `${path}/${index}` });
  }
  for (const value of after.slice(shared)) operations.push({ op: 'add', path: `${path}/-`, value });
}

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
