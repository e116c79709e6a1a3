/** What an informer remembers: objects by namespace and name, and what changed when it was told something new. */
import { keyOf, refOf, type ApiObject, type ObjectRef } from './resource.ts';

export type Change<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'modified'; readonly object: T; readonly old: T }
  | { readonly type: 'deleted'; readonly object: T };

/** Objects are shared by all readers: never change one. */
export interface ObjectCache<T> {
  readonly size: number;
  get(ref: ObjectRef): T | undefined;
  /** Of one namespace, or all. Order is that of arrival. */
  list(namespace?: string): readonly T[];
  put(object: T): Change<T> | undefined;
  remove(object: T): Change<T> | undefined;
  /** Makes the content exactly `objects`; what is no longer there comes out as deleted. */
  replace(objects: readonly T[]): readonly Change<T>[];
}

export function createObjectCache<T extends ApiObject>(): ObjectCache<T> {
  let size = 0;
  const byNamespace = new Map<string, Map<string, T>>();
  const find = (ref: ObjectRef): T | undefined => byNamespace.get(ref.namespace ?? '')?.get(ref.name);

  const put = (object: T): Change<T> | undefined => {
    const ref = refOf(object);
    const namespace = ref.namespace ?? '';
    let names = byNamespace.get(namespace);
    if (names === undefined) byNamespace.set(namespace, (names = new Map()));
    const old = names.get(ref.name);
    names.set(ref.name, object);
    if (old === undefined) {
      size += 1;
      return { type: 'added', object };
    }
    const same = old.metadata.resourceVersion === object.metadata.resourceVersion;
    return same ? undefined : { type: 'modified', object, old };
  };
  const remove = (object: T): Change<T> | undefined => {
    const ref = refOf(object);
    const names = byNamespace.get(ref.namespace ?? '');
    if (names?.delete(ref.name) !== true) return undefined;
    size -= 1;
    if (names.size === 0) byNamespace.delete(ref.namespace ?? '');
    return { type: 'deleted', object };
  };
  return {
    get size() {
      return size;
    },
    get: find,
    list: (namespace) => {
      if (namespace !== undefined && namespace !== '') {
        return [...(byNamespace.get(namespace)?.values() ?? [])];
      }
      return [...byNamespace.values()].flatMap((names) => [...names.values()]);
    },
    put,
    remove,
    replace: (objects) => {
      const keep = new Set(objects.map((object) => keyOf(refOf(object))));
      const gone = [...byNamespace.values()]
        .flatMap((names) => [...names.values()])
        .filter((object) => !keep.has(keyOf(refOf(object))));
      return [...gone.map(remove), ...objects.map(put)].filter((change) => change !== undefined);
    },
  };
}
