/** How the client names kinds and objects, and the URL paths they live under. */
import { apiVersionOf, type Kind } from '../api/kind.ts';
import type { ObjectMeta } from '../api/meta.ts';

/** The part of a Kind a client needs; every TypedKind is one, and kinds we have no file for can be written out. */
export type Resource<T> = Pick<Kind, 'group' | 'version' | 'kind' | 'plural' | 'scope'> & {
  readonly __object?: T;
};

/** What every API object has. */
export interface ApiObject {
  readonly metadata: ObjectMeta;
}

export interface ObjectRef {
  /** Left out or empty for cluster-scoped kinds. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

type DeepPartial<T> = T extends readonly (infer U)[]
  ? readonly DeepPartial<U>[]
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> | undefined }
    : T;

/** What is sent: the server fills in defaults and its own metadata; apiVersion and kind are added here. */
export type InputFor<T> = {
  readonly metadata: DeepPartial<ObjectMeta>;
} & DeepPartial<Omit<T, 'metadata' | 'apiVersion' | 'kind'>>;

export const refOf = (object: ApiObject): ObjectRef => ({
  namespace: object.metadata.namespace,
  name: object.metadata.name,
});

/** `namespace/name`, or the name alone for cluster-scoped objects: the key of caches and work queues. */
export const keyOf = (ref: ObjectRef): string =>
  ref.namespace === undefined || ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;

export function refFromKey(key: string): ObjectRef {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

export type Subresource = '' | 'status' | 'scale' | (string & {});

/** Path of a collection; an empty namespace means all namespaces. */
export function collectionPath(resource: Resource<unknown>, namespace = ''): string {
  const root = resource.group === '' ? '/api' : '/apis';
  const scope =
    resource.scope === 'Cluster' || namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}/${apiVersionOf(resource)}${scope}/${resource.plural}`;
}

/** Path of one object. Throws when a namespaced object comes without its namespace: a bug of the caller. */
export function objectPath(
  resource: Resource<unknown>,
  ref: ObjectRef,
  subresource: Subresource = '',
): string {
  if (resource.scope === 'Namespaced' && (ref.namespace === undefined || ref.namespace === '')) {
    throw new Error(`${resource.kind} "${ref.name}" needs a namespace`);
  }
  if (ref.name === '') throw new Error(`${resource.kind} needs a name`);
  const path = `${collectionPath(resource, ref.namespace)}/${encodeURIComponent(ref.name)}`;
  return subresource === '' ? path : `${path}/${subresource}`;
}

/** `?a=b&c=d` of the values that are set, or nothing. */
export function query(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const set = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  if (set.length === 0) return '';
  return `?${set.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}
