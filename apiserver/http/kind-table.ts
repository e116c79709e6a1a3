/** Finds the kind behind a group, version and plural of a URL. */
import { resourceName, type Kind } from '../api/kind.ts';

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

type ByPlural = Map<string, Kind>;
type ByVersion = Map<string, ByPlural>;

export function createKindTable(kinds: readonly Kind[]): KindTable {
  // Nested maps: joining the parts to one key would cost more than the look-ups.
  const groups = new Map<string, ByVersion>();
  for (const kind of kinds) {
    const versions = groups.get(kind.group) ?? new Map<string, ByPlural>();
    groups.set(kind.group, versions);
    const plurals = versions.get(kind.version) ?? new Map<string, Kind>();
    versions.set(kind.version, plurals);
    if (plurals.has(kind.plural)) throw new Error(`two kinds are called ${resourceName(kind)}`);
    plurals.set(kind.plural, kind);
  }
  const groupVersions = [...groups].flatMap(([group, versions]) =>
    [...versions].map(([version, plurals]) => ({ group, version, kinds: [...plurals.values()] })),
  );
  return {
    groupVersions: groupVersions.sort((a, b) => Number(b.group === '') - Number(a.group === '')),
    find: (group, version, plural) => groups.get(group)?.get(version)?.get(plural),
  };
}
