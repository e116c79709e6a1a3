/** Types of what a client sends as metadata: what has another one cannot be read as an object at all. */
import { cause, OMITTED } from '../api/causes.ts';
import { badRequest, type Cause } from '../api/errors.ts';
import { isObject, type Json, type JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';

type Test = (value: Json) => boolean;

const DATE = /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T/;
/** Go takes offsets up to 24:60. */
const CLOCK = /T(?:[01]\d|2[0-3])(?::[0-5]\d){2}(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-4]):(?:[0-5]\d|60))$/;

const isText: Test = (value) => typeof value === 'string';
const isNumber: Test = (value) => Number.isSafeInteger(value);
const isFlag: Test = (value) => typeof value === 'boolean';
const isList: Test = (value) => Array.isArray(value);

/** A moment that there is. source: Go time.Parse. */
function isTime(value: Json): boolean {
  if (typeof value !== 'string' || !CLOCK.test(value)) return false;
  const [, year, month, day] = DATE.exec(value) ?? [];
  return Number(day) <= daysOf(Number(year), Number(month)) && value.indexOf('T') === value.lastIndexOf('T');
}

/** The calendar repeats every 400 years, and `Date` takes years below 100 for others. */
const daysOf = (year: number, month: number): number =>
  new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();

function isTextMap(value: Json): boolean {
  if (!isObject(value)) return false;
  for (const key in value) if (typeof value[key] !== 'string' && value[key] !== null) return false;
  return true;
}

/** Null stands for the empty value, as in Go; see `withoutNulls`. */
const listOf =
  (test: Test): Test =>
  (value) =>
    isList(value) && (value as readonly Json[]).every((item) => item === null || test(item));

const fieldsOf = (tests: Readonly<Record<string, Test>>): Test => {
  const all = Object.entries(tests);
  return (value) =>
    isObject(value) &&
    all.every(([field, test]) => {
      const found = Object.hasOwn(value, field) ? value[field] : undefined;
      return found === undefined || found === null || test(found);
    });
};

const OWNER_TEXTS = ['apiVersion', 'kind', 'name', 'uid'] as const;
const isOwner = fieldsOf({
  apiVersion: isText,
  kind: isText,
  name: isText,
  uid: isText,
  controller: isFlag,
  blockOwnerDeletion: isFlag,
});
const isManagedEntry = fieldsOf({
  manager: isText,
  operation: isText,
  apiVersion: isText,
  time: isTime,
  fieldsType: isText,
  subresource: isText,
});

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
  ['finalizers', { words: 'a list of strings', test: listOf(isText) }],
  ['ownerReferences', { words: 'a list of owners', test: listOf(isOwner) }],
  ['managedFields', { words: 'a list of who manages which fields', test: listOf(isManagedEntry) }],
]);

/** Throws 400. Null stands for an absent field; unknown fields are no concern of this. */
export function requireMetadataTypes(kind: Kind, metadata: JsonObject): void {
  for (const field in metadata) {
    const words = wrongType(metadata, field);
    if (words === undefined) continue;
    throw badRequest(
      `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: metadata.${field} must be ${words}`,
    );
  }
}

/** What the server sets itself: put back as it was before anything is validated. */
const RESTORED = ['creationTimestamp', 'deletionTimestamp', 'managedFields'] as const;

/** What a patch makes of fields that no validation would see; for the others that says more. */
export function patchedMetadataCauses(metadata: JsonObject): readonly Cause[] {
  return RESTORED.flatMap((field) => {
    const words = Object.hasOwn(metadata, field) ? wrongType(metadata, field) : undefined;
    return words === undefined ? [] : [cause.invalid(`metadata.${field}`, OMITTED, `must be ${words}`)];
  });
}

/** What the field must be, where it is something else. */
function wrongType(metadata: JsonObject, field: string): string | undefined {
  const type = TYPES.get(field);
  const value = metadata[field];
  if (type === undefined || value === null || value === undefined || type.test(value)) return undefined;
  return type.words;
}

/** The same metadata where Go's decoder would see the same; items of null, and what an owner lacks, are empty there. */
export function withoutNulls(metadata: JsonObject): JsonObject {
  let filled = metadata;
  for (const [field, fill] of FILLED) {
    const list = Object.hasOwn(metadata, field) ? metadata[field] : undefined;
    if (!Array.isArray(list)) continue;
    const items = list as readonly Json[];
    const full = items.map(fill);
    if (full.some((item, index) => item !== items[index])) filled = { ...filled, [field]: full };
  }
  return filled;
}

function filledOwner(owner: Json): Json {
  const fields = isObject(owner) ? owner : {};
  const missing = OWNER_TEXTS.filter((name) => !Object.hasOwn(fields, name) || fields[name] === null);
  if (missing.length === 0) return owner;
  return { ...fields, ...Object.fromEntries(missing.map((name) => [name, ''])) };
}

const FILLED: readonly (readonly [string, (item: Json) => Json])[] = [
  ['finalizers', (item) => item ?? ''],
  ['ownerReferences', filledOwner],
  ['managedFields', (item) => item ?? {}],
];
