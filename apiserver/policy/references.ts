/** The one reference extractor: every name of another object in an object, from the table its kind declares. */
import { isObject, type JsonObject } from '../api/json.ts';
import type { Kind, Reference } from '../api/kind.ts';

export interface FoundReference {
  readonly reference: Reference;
  /** Where it stands, with list positions: `spec.credentials[0].ref.name`. */
  readonly path: string;
  readonly name: string;
  /** Name of the foreign tenant as written; empty for the own one. */
  readonly tenant: string;
}

interface Place {
  readonly path: string;
  readonly value: unknown;
  /** The object that holds the last step. */
  readonly parent: JsonObject;
}

/** In the order of the table, then of the object. Empty names are no references. */
export function referencesOf(kind: Kind, object: JsonObject | undefined): readonly FoundReference[] {
  if (object === undefined) return [];
  return kind.references.flatMap((reference) =>
    places(object, reference.field).flatMap(({ path, value, parent }) => {
      if (typeof value !== 'string') return [];
      const [name = ''] = reference.nameEndsAt === undefined ? [value] : value.split(reference.nameEndsAt);
      if (name === '') return [];
      return [{ reference, path, name, tenant: tenantBeside(reference, parent) }];
    }),
  );
}

function tenantBeside({ tenantField }: Reference, parent: JsonObject): string {
  if (tenantField === undefined || !Object.hasOwn(parent, tenantField)) return '';
  const tenant = parent[tenantField];
  return typeof tenant === 'string' ? tenant : '';
}

/** Those that a write adds: what was there before was decided before. */
export function addedReferences(
  kind: Kind,
  object: JsonObject | undefined,
  old: JsonObject | undefined,
): readonly FoundReference[] {
  const before = new Set(referencesOf(kind, old).map(identity));
  return referencesOf(kind, object).filter((found) => !before.has(identity(found)));
}

const identity = ({ reference, name, tenant }: FoundReference): string =>
  JSON.stringify([reference.field, tenant, name]);

/** Everything a field path with `[]` leads to. */
function places(object: JsonObject, field: string): readonly Place[] {
  let found: readonly Place[] = [{ path: '', value: object, parent: object }];
  for (const step of field.split('.')) {
    const isList = step.endsWith('[]');
    const key = isList ? step.slice(0, -'[]'.length) : step;
    found = found.flatMap((place) => into(place, key)).flatMap((place) => (isList ? items(place) : [place]));
  }
  return found;
}

function into({ path, value }: Place, key: string): readonly Place[] {
  if (!isObject(value) || !Object.hasOwn(value, key)) return [];
  return [{ path: path === '' ? key : `${path}.${key}`, value: value[key], parent: value }];
}

function items({ path, value, parent }: Place): readonly Place[] {
  if (!Array.isArray(value)) return [];
  return value.map((item: unknown, index) => ({ path: `${path}[${index}]`, value: item, parent }));
}
