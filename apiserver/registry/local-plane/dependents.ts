/** Which objects name which as their owner, kept up to date from the registry's changes. */
import type { OwnerReference } from '../../api/meta.ts';
import type { Kind } from '../../api/kind.ts';
import { pathOf, prefixOf } from '../keys.ts';
import { ownersOf } from '../owner-references.ts';
import type { StoredObject } from '../registry.ts';

/** An owner as a dependent names it, by place; the uid is compared when it matters. */
export interface Owner {
  readonly reference: OwnerReference;
  /** Store key of the place, or undefined when it can name nothing that is served here. */
  readonly key: string | undefined;
}

export interface Dependents {
  /** Takes a change in; `object` undefined = deleted. */
  set(key: string, object: StoredObject | undefined): void;
  /** Keys of the places that the object at `key` names as owners. */
  placesOf(key: string): readonly string[];
  /** Keys of the objects that name this place as an owner. */
  of(ownerKey: string): readonly string[];
  ownersOf(object: StoredObject): readonly Owner[];
}

const MARK = Buffer.from('"ownerReferences":[');

export function createDependents(kinds: readonly Kind[]): Dependents {
  const byType = new Map(
    kinds
      .filter(({ storage }) => storage === 'stored')
      .map((kind) => [`${kind.group}/${kind.kind}`, kind] as const),
  );
  const byOwner = new Map<string, Set<string>>();
  const owners = new Map<string, readonly string[]>();

  const named = (object: StoredObject): readonly Owner[] =>
    // Most objects have no owner: looking at the bytes spares parsing them.
    object.bytes.includes(MARK)
      ? ownersOf(object.read()).map((reference) => ({
          reference,
          key: placeOf(byType, reference, object.namespace),
        }))
      : [];

  const forget = (key: string): void => {
    for (const owner of owners.get(key) ?? []) {
      const keys = byOwner.get(owner);
      keys?.delete(key);
      if (keys?.size === 0) byOwner.delete(owner);
    }
    owners.delete(key);
  };

  return {
    set: (key, object) => {
      forget(key);
      if (object === undefined) return;
      const places = named(object).flatMap((owner) => owner.key ?? []);
      if (places.length === 0) return;
      owners.set(key, places);
      for (const place of places) {
        const keys = byOwner.get(place) ?? new Set();
        byOwner.set(place, keys.add(key));
      }
    },
    placesOf: (key) => owners.get(key) ?? [],
    of: (ownerKey) => [...(byOwner.get(ownerKey) ?? [])],
    ownersOf: named,
  };
}

/** Versions do not count: an object is the same in each. */
function placeOf(
  byType: ReadonlyMap<string, Kind>,
  { apiVersion, kind: name, name: owner }: OwnerReference,
  namespace: string,
): string | undefined {
  const slash = apiVersion.indexOf('/');
  const kind = byType.get(`${slash < 0 ? '' : apiVersion.slice(0, slash)}/${name}`);
  if (kind === undefined) return undefined;
  // A namespaced owner is in the namespace of what it owns; something without a namespace cannot have one.
  if (kind.scope === 'Namespaced' && namespace === '') return undefined;
  return prefixOf(kind) + pathOf(kind.scope === 'Namespaced' ? namespace : '', owner);
}
