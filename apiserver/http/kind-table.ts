/** Finds the kind behind a group, version and plural of a URL. */
import { apiVersionOf, type Kind } from '../api/kind.ts';

export interface KindTable {
  find(group: string, version: string, plural: string): Kind | undefined;
  /** Served group-versions in order of appearance, the core group first, each with its kinds. */
  readonly groupVersions: readonly GroupVersion[];
}

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
  readonly kinds: readonly Kind[];
}

export function createKindTable(kinds: readonly Kind[]): KindTable {
  const versions = new Map<string, { group: string; version: string; kinds: Kind[] }>();
  const plurals = new Map<string, Map<string, Kind>>();
  for (const kind of kinds) {
    const key = apiVersionOf(kind);
    const known = versions.get(key) ?? { group: kind.group, version: kind.version, kinds: [] };
    versions.set(key, known);
    known.kinds.push(kind);
    const byPlural = plurals.get(key) ?? new Map<string, Kind>();
    plurals.set(key, byPlural);
    if (byPlural.has(kind.plural)) throw new Error(`two kinds are called ${kind.plural} in ${key}`);
    byPlural.set(kind.plural, kind);
  }
  const groupVersions = [...versions.values()].sort(
    (a, b) => Number(b.group === '') - Number(a.group === ''),
  );
  return {
    groupVersions,
    find: (group, version, plural) =>
      plurals.get(group === '' ? version : `${group}/${version}`)?.get(plural),
  };
}
