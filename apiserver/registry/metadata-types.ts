/** Types of what a client sends as metadata: what has another one cannot be read as an object at all. */
import { badRequest } from '../api/errors.ts';
import { isObject, type Json, type JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';

type Test = (value: Json) => boolean;

const TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

const isText: Test = (value) => typeof value === 'string';
const isNumber: Test = (value) => Number.isSafeInteger(value);
const isTime: Test = (value) => typeof value === 'string' && TIME.test(value);
const isList: Test = (value) => Array.isArray(value);

function isTextMap(value: Json): boolean {
  if (!isObject(value)) return false;
  for (const key in value) if (typeof value[key] !== 'string' && value[key] !== null) return false;
  return true;
}
const isTexts: Test = (value) => isList(value) && (value as readonly Json[]).every(isText);
const OWNER_FLAGS = ['controller', 'blockOwnerDeletion'] as const;

function isOwner(value: Json): boolean {
  if (!isObject(value)) return false;
  return OWNER_FLAGS.every(
    (flag) => value[flag] === undefined || value[flag] === null || typeof value[flag] === 'boolean',
  );
}
const isOwners: Test = (value) => isList(value) && (value as readonly Json[]).every(isOwner);
const isObjects: Test = (value) => isList(value) && (value as readonly Json[]).every(isObject);

interface Type {
  readonly words: string;
  readonly test: Test;
}

const TEXT: Type = { words: 'a string', test: isText };
const NUMBER: Type = { words: 'an integer', test: isNumber };
const MOMENT: Type = { words: 'a time of RFC 3339', test: isTime };
const TEXT_MAP: Type = { words: 'an object of strings', test: isTextMap };

const TYPES: ReadonlyMap<string, Type> = new Map([
  ['name', TEXT],
  ['generateName', TEXT],
  ['namespace', TEXT],
  ['selfLink', TEXT],
  ['uid', TEXT],
  ['resourceVersion', TEXT],
  ['generation', NUMBER],
  ['creationTimestamp', MOMENT],
  ['deletionTimestamp', MOMENT],
  ['deletionGracePeriodSeconds', NUMBER],
  ['labels', TEXT_MAP],
  ['annotations', TEXT_MAP],
  ['finalizers', { words: 'a list of strings', test: isTexts }],
  ['ownerReferences', { words: 'a list of owners', test: isOwners }],
  ['managedFields', { words: 'a list of objects', test: isObjects }],
]);

/** Throws 400. Null stands for an absent field; unknown fields are no concern of this. */
export function requireMetadataTypes(kind: Kind, metadata: JsonObject): void {
  for (const field in metadata) {
    const type = TYPES.get(field);
    const value = metadata[field];
    if (type === undefined || value === null || value === undefined || type.test(value)) continue;
    const what = `metadata.${field} must be ${type.words}`;
    throw badRequest(
      `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${what}`,
    );
  }
}
