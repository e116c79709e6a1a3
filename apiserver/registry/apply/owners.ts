/**
 * Owners: who owns which fields, one entry per manager, operation, apiVersion and subresource, and the
 * `metadata.managedFields` they are stored in.
 * source: apimachinery util/managedfields internal/managedfields.go.
 */
import { timestamp } from '../../runtime/clock.ts';
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import { decodeFields, decodeStoredFields, encodeFields } from './fields-v1.ts';
import type { FieldSet } from './field-set.ts';
import { compareText, goString } from './go-text.ts';
import { MalformedFields } from './path-element.ts';

export type Operation = 'Apply' | 'Update';

export interface OwnerName {
  readonly manager: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  /** Empty for the main endpoint. */
  readonly subresource: string;
}

export interface Owner extends OwnerName {
  readonly set: FieldSet;
  /** RFC 3339, whole seconds, UTC. Undefined for an applier that never changed anything. */
  readonly time: string | undefined;
  /** The set as it is stored, if it is still exactly that. */
  readonly stored?: JsonObject;
}

/** By identifier. Appliers have one entry over all versions, updaters one per version. */
export type Owners = ReadonlyMap<string, Owner>;

/** The text is Kubernetes' own, because conflicts and the cap of updaters are ordered by it. */
export function ownerId(name: OwnerName): string {
  const apiVersion = name.operation === 'Apply' ? '' : `,"apiVersion":${goString(name.apiVersion)}`;
  const subresource = name.subresource === '' ? '' : `,"subresource":${goString(name.subresource)}`;
  const manager = name.manager === '' ? '' : `"manager":${goString(name.manager)},`;
  return `{${manager}"operation":"${name.operation}"${apiVersion}${subresource}}`;
}

/** Changes the set and forgets the stored form. */
export const withSet = (owner: Owner, set: FieldSet): Owner => ({
  manager: owner.manager,
  operation: owner.operation,
  apiVersion: owner.apiVersion,
  subresource: owner.subresource,
  time: owner.time,
  set,
});

/**
 * Undefined when the field is absent, empty or not what a Kubernetes server would take. `stored`: the entries come
 * from `encodeOwners`; a client's are brought into its form first.
 */
export function decodeOwners(
  managedFields: Json | undefined,
  origin: 'stored' | 'client',
): Map<string, Owner> | undefined {
  if (!Array.isArray(managedFields) || managedFields.length === 0) return undefined;
  const owners = new Map<string, Owner>();
  try {
    for (const entry of managedFields as readonly Json[]) {
      const owner = decodeOwner(entry, origin);
      owners.set(ownerId(owner), owner);
    }
  } catch (error) {
    if (error instanceof MalformedFields) return undefined;
    throw error;
  }
  return owners;
}

function decodeOwner(entry: Json, origin: 'stored' | 'client'): Owner {
  if (!isObject(entry)) throw new MalformedFields('entry is not an object');
  const { operation, fieldsV1 } = entry;
  const apiVersion = text(entry, 'apiVersion');
  if (operation !== 'Apply' && operation !== 'Update') {
    throw new MalformedFields('operation must be `Apply` or `Update`');
  }
  if (apiVersion === '') throw new MalformedFields('apiVersion must not be empty');
  if (entry['fieldsType'] !== 'FieldsV1') throw new MalformedFields('fieldsType must be `FieldsV1`');
  const time = text(entry, 'time');
  const owner: OwnerName = {
    manager: text(entry, 'manager'),
    operation,
    apiVersion,
    subresource: text(entry, 'subresource'),
  };
  if (origin === 'client' || !isObject(fieldsV1)) {
    return { ...owner, time: decodeTime(time), set: decodeFields(fieldsV1 ?? {}) };
  }
  return {
    ...owner,
    time: time === '' ? undefined : time,
    set: decodeStoredFields(fieldsV1),
    stored: fieldsV1,
  };
}

function text(entry: JsonObject, field: string): string {
  const value = entry[field] ?? '';
  if (typeof value !== 'string') throw new MalformedFields(`${field} is not a string`);
  return value;
}

function decodeTime(time: string): string | undefined {
  if (time === '') return undefined;
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) throw new MalformedFields(`time "${time}" is not RFC 3339`);
  return timestamp(ms);
}

/** Undefined when nobody owns anything: the field is then left out. */
export function encodeOwners(owners: Owners): Json[] | undefined {
  if (owners.size === 0) return undefined;
  return [...owners.values()].sort(compareOwners).map(encodeOwner);
}

export function encodeOwner(owner: Owner): JsonObject {
  return {
    ...(owner.manager === '' ? {} : { manager: owner.manager }),
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(owner.time === undefined ? {} : { time: owner.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: owner.stored ?? encodeFields(owner.set),
    ...(owner.subresource === '' ? {} : { subresource: owner.subresource }),
  };
}

/** By operation, time, manager, apiVersion, subresource. Times of one form compare as text. */
function compareOwners(a: Owner, b: Owner): number {
  return (
    compareText(a.operation, b.operation) ||
    compareText(a.time ?? '', b.time ?? '') ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

/** The user empties managedFields: `[]` or a single empty entry. */
export function isReset(managedFields: Json | undefined): boolean {
  if (!Array.isArray(managedFields)) return false;
  const [first] = managedFields as readonly Json[];
  if (first === undefined) return true;
  return managedFields.length === 1 && isObject(first) && Object.keys(first).length === 0;
}
