/**
 * Labels, annotations and finalizers of our domain carry identity and orders between our programs, so only these
 * set, change and remove them; a few are meant for people. What the programs of a cluster make out of templates says
 * of no other tenant that it is its, whoever wrote the template and when: their pods would count as that tenant's.
 */
import type { AdmissionRequest } from '../../api/admission.ts';
import type { JsonObject } from '../../api/json.ts';
import { GROUP_SUFFIX } from '../../api/kind.ts';
import type { Engine, TenantIdentity } from '../engine.ts';
import {
  finalizersIn,
  isForPeople,
  isReserved,
  isTenancy,
  isTrue,
  mapIn,
  metadataOf,
  SECTIONS,
} from '../reserved-keys.ts';
import { isOurs } from '../subjects.ts';
import { isTrusted, NONE, type Rule, type Violation } from './rule.ts';

export const reservedMetadata: Rule = {
  name: 'reserved-metadata',
  check: (request, context) => {
    const { operation, user } = request;
    if (operation === 'DELETE' || isOurs(user)) return NONE;
    const tenant = tenantOf(request, context.engine);
    if (isTrusted(user, context)) return tenant === undefined ? NONE : brought(request, tenant);
    return changed(request, tenant);
  },
};

function changed(
  { kind, object, oldObject }: AdmissionRequest,
  tenant: TenantIdentity | undefined,
): readonly Violation[] {
  const now = metadataOf(object);
  const before = metadataOf(oldObject);
  const violations: Violation[] = [];
  for (const section of SECTIONS) {
    const maps = { values: mapIn(now, section), old: mapIn(before, section) };
    for (const key of changedKeys(maps.values, maps.old)) {
      if (isForPeople(kind, key)) continue;
      if (section === 'labels' && tenant !== undefined && isCorrect(key, maps, tenant)) continue;
      violations.push(reservedKey(`metadata.${section}[${key}]`, key));
    }
  }
  const held = finalizersIn(before);
  const holding = finalizersIn(now);
  // None of our programs waits for the end of anything of Kubernetes, so whoever sees one there may take it away.
  const isWaitedFor = kind.origin !== 'native' || kind.scope === 'Cluster';
  const changes = isWaitedFor ? [...added(holding, held), ...added(held, holding)] : added(holding, held);
  for (const key of changes) violations.push(reservedKey('metadata.finalizers', key));
  return violations.length === 0 ? NONE : violations;
}

/** Of the namespace that something of Kubernetes is in; undefined for Namespaces themselves. */
const tenantOf = ({ kind, namespace }: AdmissionRequest, engine: Engine): TenantIdentity | undefined =>
  kind.origin === 'native' && namespace !== '' ? engine.tenantOf(namespace) : undefined;

/**
 * What a program of the cluster adds to what was there. It is refused, not put right: a pod that lost a label its
 * ReplicaSet selects by would be made again and again.
 */
function brought({ object, oldObject }: AdmissionRequest, tenant: TenantIdentity): readonly Violation[] {
  const now = metadataOf(object);
  const before = metadataOf(oldObject);
  const [labels, old] = [mapIn(now, 'labels'), mapIn(before, 'labels')];
  const foreign = changedKeys(labels, old).filter(
    (key) => isTenancy(key) && Object.hasOwn(labels, key) && !isTrue(key, labels[key], tenant),
  );
  const holding = added(finalizersIn(now), finalizersIn(before));
  return [
    ...foreign.map((key) => reservedKey(`metadata.labels[${key}]`, key)),
    ...holding.map((key) => reservedKey('metadata.finalizers', key)),
  ];
}

/** A label of tenancy that says what is true, or that goes and did not: neither is a claim. */
function isCorrect(
  key: string,
  { values, old }: { readonly values: JsonObject; readonly old: JsonObject },
  tenant: TenantIdentity,
): boolean {
  if (!isTenancy(key)) return false;
  return Object.hasOwn(values, key) ? isTrue(key, values[key], tenant) : !isTrue(key, old[key], tenant);
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

/** Reserved finalizers that are there now and were not before. */
const added = (now: readonly unknown[], before: readonly unknown[]): readonly string[] =>
  now.filter((key): key is string => typeof key === 'string' && isReserved(key) && !before.includes(key));

export function reservedKey(field: string, key: string): Violation {
  return {
    code: isTenancy(key) ? 'TENANT_IMMUTABLE' : 'RESERVED_METADATA',
    is: 'forbidden',
    field,
    message: isTenancy(key)
      ? `"${key}" ties an object to its tenant and is set by the controllers only`
      : `"${key}" belongs to ${GROUP_SUFFIX} and is set and removed by the controllers only; use a key of your own`,
  };
}
