/**
 * Labels, annotations and finalizers of our domain carry identity and orders between our programs, so only these
 * set, change and remove them. A few annotations are meant for people and listed here.
 */
import type { AdmissionRequest } from '../../api/admission.ts';
import { BREAK_GLASS_ANNOTATION, TENANT_LABEL, TENANT_UID_LABEL } from '../../api/identity.ts';
import { at, isObject, type JsonObject } from '../../api/json.ts';
import { GROUP_SUFFIX } from '../../api/kind.ts';
import type { Engine } from '../engine.ts';
import { isTrusted, NONE, type Rule, type Violation } from './rule.ts';

/** Annotations and labels for people, by the kind that may carry them; `*` is any kind. */
const FOR_PEOPLE: Readonly<Record<string, readonly string[]>> = {
  '*': ['polder.dev/rotate-at', 'polder.dev/inject', 'polder.dev/depots', 'polder.dev/credentials'],
  Tenant: [BREAK_GLASS_ANNOTATION],
  DataPlane: ['polder.dev/force-delete', 'polder.dev/confirm-epoch'],
};

export const reservedMetadata: Rule = {
  name: 'reserved-metadata',
  check: (request, context) => {
    const { kind, operation, object, oldObject, user } = request;
    if (operation === 'DELETE' || isTrusted(user, context)) return NONE;
    const stamp = stampOf(request, context.engine);
    const forPeople = [...(FOR_PEOPLE['*'] ?? []), ...(FOR_PEOPLE[kind.kind] ?? [])];
    const maps = (['labels', 'annotations'] as const).flatMap((section) =>
      changedKeys(object, oldObject, `metadata.${section}`)
        .filter((key) => isReserved(key) && !forPeople.includes(key))
        .filter(
          (key) => section !== 'labels' || stamp[key] === undefined || !isStamp(object, key, stamp[key]),
        )
        .map((key) => violation(`metadata.${section}[${key}]`, key)),
    );
    const finalizers = changedFinalizers(object, oldObject)
      .filter(isReserved)
      .map((key) => violation('metadata.finalizers', key));
    return [...maps, ...finalizers];
  },
};

/** What the labels of tenancy are in this namespace: saying what is true is no claim. Not on Namespaces themselves. */
function stampOf({ kind, namespace }: AdmissionRequest, engine: Engine): Readonly<Record<string, string>> {
  const tenant = kind.origin === 'native' && namespace !== '' ? engine.tenantOf(namespace) : undefined;
  return tenant === undefined ? {} : { [TENANT_LABEL]: tenant.name, [TENANT_UID_LABEL]: tenant.uid };
}

const isStamp = (object: JsonObject | undefined, key: string, value: string | undefined): boolean =>
  mapAt(object, 'metadata.labels')[key] === value;

/** `polder.dev/x` and `anything.polder.dev/x`. */
function isReserved(key: string): boolean {
  const slash = key.indexOf('/');
  const domain = slash < 0 ? '' : key.slice(0, slash).toLowerCase();
  return domain === GROUP_SUFFIX || domain.endsWith(`.${GROUP_SUFFIX}`);
}

function changedKeys(
  object: JsonObject | undefined,
  old: JsonObject | undefined,
  path: string,
): readonly string[] {
  const now = mapAt(object, path);
  const before = mapAt(old, path);
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter(
    (key) => now[key] !== before[key],
  );
}

function mapAt(object: JsonObject | undefined, path: string): JsonObject {
  const value = at(object, path);
  // Without a prototype, so that a missing key is missing whatever it is called.
  return isObject(value) ? Object.assign(Object.create(null) as JsonObject, value) : {};
}

function changedFinalizers(object: JsonObject | undefined, old: JsonObject | undefined): readonly string[] {
  const now = listAt(object);
  const before = listAt(old);
  return [...now.filter((key) => !before.includes(key)), ...before.filter((key) => !now.includes(key))];
}

function listAt(object: JsonObject | undefined): readonly string[] {
  const value = at(object, 'metadata.finalizers');
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function violation(field: string, key: string): Violation {
  const isTenancy = key === TENANT_LABEL || key === TENANT_UID_LABEL;
  return {
    code: isTenancy ? 'TENANT_IMMUTABLE' : 'RESERVED_METADATA',
    is: 'forbidden',
    field,
    message: isTenancy
      ? `"${key}" ties an object to its tenant and is set by the controllers only`
      : `"${key}" belongs to ${GROUP_SUFFIX} and is set and removed by the controllers only; use a key of your own`,
  };
}
