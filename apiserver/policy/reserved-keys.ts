/** Which labels, annotations and finalizers belong to our domain, which of them are for people, and what is true. */
import { BREAK_GLASS_ANNOTATION, TENANT_LABEL, TENANT_UID_LABEL } from '../api/identity.ts';
import { isObject, type JsonObject } from '../api/json.ts';
import { GROUP_SUFFIX, type Kind } from '../api/kind.ts';
import type { TenantIdentity } from './engine.ts';

/** Annotations and labels for people, by the kind that may carry them; `*` is any kind. */
const FOR_PEOPLE: Readonly<Record<string, readonly string[]>> = {
  '*': ['polder.dev/rotate-at', 'polder.dev/inject', 'polder.dev/depots', 'polder.dev/credentials'],
  Tenant: [BREAK_GLASS_ANNOTATION],
  DataPlane: ['polder.dev/force-delete', 'polder.dev/confirm-epoch'],
};

export const isForPeople = (kind: Kind, key: string): boolean =>
  FOR_PEOPLE['*']?.includes(key) === true ||
  (Object.hasOwn(FOR_PEOPLE, kind.kind) && FOR_PEOPLE[kind.kind]?.includes(key) === true);

/** `polder.dev/x` and `anything.polder.dev/x`. */
export function isReserved(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash < 0) return false;
  const domain = key.slice(0, slash).toLowerCase();
  return domain === GROUP_SUFFIX || domain.endsWith(`.${GROUP_SUFFIX}`);
}

export const isTenancy = (key: string): boolean => key === TENANT_LABEL || key === TENANT_UID_LABEL;

/** Whether a label of tenancy says what is so in the namespaces of this tenant. */
export const isTrue = (key: string, value: unknown, tenant: TenantIdentity): boolean =>
  (key === TENANT_LABEL && value === tenant.name) || (key === TENANT_UID_LABEL && value === tenant.uid);

const NOTHING: JsonObject = Object.freeze({});
const NO_LIST: readonly unknown[] = [];

export const SECTIONS = ['labels', 'annotations'] as const;

export function metadataOf(object: JsonObject | undefined): JsonObject {
  const metadata = object?.['metadata'];
  return isObject(metadata) ? metadata : NOTHING;
}
export function mapIn(metadata: JsonObject, section: (typeof SECTIONS)[number]): JsonObject {
  const value = metadata[section];
  return isObject(value) ? value : NOTHING;
}
export const finalizersIn = ({ finalizers }: JsonObject): readonly unknown[] =>
  Array.isArray(finalizers) ? finalizers : NO_LIST;
