/** What rules look things up in, over the objects of a test world. */
import type { JsonObject } from '../../apiserver/api/json.ts';
import type { Kind } from '../../apiserver/api/kind.ts';
import type { Lookup, Stored } from '../../apiserver/policy/rules/rule.ts';

/** `objects`: by `group/plural/namespace/name`. */
export function lookupIn(objects: ReadonlyMap<string, JsonObject>): Lookup {
  const prefix = (kind: Kind): string => `${kind.group}/${kind.plural}/`;
  // The same one for the same object, as in the registry and in informers.
  const known = new WeakMap<JsonObject, Stored>();
  const stored = (object: JsonObject, place: string): Stored => {
    const [namespace = '', name = ''] = place.split('/');
    const found = known.get(object) ?? { namespace, name, read: () => object };
    known.set(object, found);
    return found;
  };
  return {
    find: (kind, namespace, name) => objects.get(`${prefix(kind)}${namespace}/${name}`),
    findAll: (kind, namespace) => {
      const start = prefix(kind);
      const within = `${start}${namespace === undefined ? '' : `${namespace}/`}`;
      return [...objects].flatMap(([key, object]) =>
        key.startsWith(within) ? [stored(object, key.slice(start.length))] : [],
      );
    },
  };
}
