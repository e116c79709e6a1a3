/**
 * Labels, annotations and finalizers of our domain carry identity and orders between our programs, so only these
 * set, change and remove them. A few annotations are meant for people and listed here.
 */
import type { AdmissionRequest } from '../../api/admission.ts';
import { BREAK_GLASS_ANNOTATION, TENANT_LABEL, TENANT_UID_LABEL } from '../../api/identity.ts';
import { isObject, type JsonObject } from '../../api/json.ts';
import { GROUP_SUFFIX, type Kind } from '../../api/kind.ts';
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
    const now = metadataOf(object);
    const before = metadataOf(oldObject);
    const violations: Violation[] = [];
    for (const section of SECTIONS) {
      for (const key of changedKeys(mapIn(now, section), mapIn(before, section))) {
        if (isForPeople(kind, key)) continue;
        if (section === 'labels' && isStamp(request, context.engine, key)) continue;
        violations.push(violation(`metadata.${section}[${key}]`, key));
      }
    }
    for (const key of changedFinalizers(finalizersIn(now), finalizersIn(before))) {
      violations.push(violation('metadata.finalizers', key));
    }
    return violations.length === 0 ? NONE : violations;
  },
};

const SECTIONS = ['labels', 'annotations'] as const;

const isForPeople = (kind: Kind, key: string): boolean =>
  FOR_PEOPLE['*']?.includes(key) === true ||
  (Object.hasOwn(FOR_PEOPLE, kind.kind) && FOR_PEOPLE[kind.kind]?.includes(key) === true);

/** A label of tenancy as it is in this namespace: saying what is true is no claim. Not on Namespaces themselves. */
function isStamp({ kind, namespace, object }: AdmissionRequest, engine: Engine, key: string): boolean {
  const tenant = kind.origin === 'native' && namespace !== '' ? engine.tenantOf(namespace) : undefined;
  if (tenant === undefined || (key !== TENANT_LABEL && key !== TENANT_UID_LABEL)) return false;
  const labels = mapIn(metadataOf(object), 'labels');
  return Object.hasOwn(labels, key) && labels[key] === (key === TENANT_LABEL ? tenant.name : tenant.uid);
}

/** `polder.dev/x` and `anything.polder.dev/x`. */
function isReserved(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash < 0) return false;
  const domain = key.slice(0, slash).toLowerCase();
  return domain === GROUP_SUFFIX || domain.endsWith(`.${GROUP_SUFFIX}`);
}

/** Reserved keys that came, went or have another value. */
function changedKeys(now: JsonObject, before: JsonObject): readonly string[] {
  const changed: string[] = [];
  for (const key of Object.keys(now)) {
    if (isReserved(key) && !(Object.hasOwn(before, key) && before[key] === now[key])) changed.push(key);
  }
  for (const key of Object.keys(before)) {
    if (isReserved(key) && !Object.hasOwn(now, key)) changed.push(key);
  }
  return changed;
}

function changedFinalizers(now: readonly unknown[], before: readonly unknown[]): readonly string[] {
  const changed = [
    ...now.filter((key) => !before.includes(key)),
    ...before.filter((key) => !now.includes(key)),
  ];
  return changed.filter((key): key is string => typeof key === 'string' && isReserved(key));
}

const NOTHING: JsonObject = Object.freeze({});
const NO_LIST: readonly unknown[] = [];

function metadataOf(object: JsonObject | undefined): JsonObject {
  const metadata = object?.['metadata'];
  return isObject(metadata) ? metadata : NOTHING;
}
function mapIn(metadata: JsonObject, section: (typeof SECTIONS)[number]): JsonObject {
  const value = metadata[section];
  return isObject(value) ? value : NOTHING;
}
function finalizersIn({ finalizers }: JsonObject): readonly unknown[] {
  return Array.isArray(finalizers) ? finalizers : NO_LIST;
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
