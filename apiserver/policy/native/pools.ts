/** Pools of nodes as pods meet them: labels to select and taints to tolerate, open to some tenants. */
import { at, isObject, type JsonObject } from '../../api/json.ts';
import { Compute } from '../../kinds/compute.ts';
import { Tenant } from '../../kinds/tenant.ts';
import type { TenantIdentity } from '../engine.ts';
import { isOpenTo } from '../rules/open-targets.ts';
import type { Lookup } from '../rules/rule.ts';

export interface Pool {
  readonly name: string;
  readonly purpose: unknown;
  readonly isOpen: boolean;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly JsonObject[];
}

/** By name; what is being deleted is open to nobody. */
export function poolsFor(tenant: TenantIdentity, lookup: Lookup): readonly Pool[] {
  const owner = lookup.find(Tenant, '', tenant.name);
  return lookup
    .findAll(Compute)
    .map((stored) => toPool(stored.name, stored.read(), owner))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function toPool(name: string, object: JsonObject, owner: JsonObject | undefined): Pool {
  const labels = at(object, 'spec.nodePool.nodeSelector');
  const tolerations = at(object, 'spec.nodePool.tolerations');
  const isLeaving = at(object, 'metadata.deletionTimestamp') !== undefined;
  return {
    name,
    purpose: at(object, 'spec.purpose'),
    isOpen: owner !== undefined && !isLeaving && isOpenTo(Compute, object, owner),
    nodeSelector: isObject(labels) ? textsOf(labels) : {},
    tolerations: Array.isArray(tolerations) ? tolerations.filter((each: unknown) => isObject(each)) : [],
  };
}

export const textsOf = (value: JsonObject): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );

/** Labels that every node carries tell pools apart only by accident. */
export const isCommonLabel = (key: string): boolean =>
  /^(beta\.)?(kubernetes\.io\/(os|arch)|node\.kubernetes\.io\/instance-type|topology\.kubernetes\.io\/.*)$/.test(
    key,
  );

/** Whether a toleration lets a pod onto nodes with the taint that another one is for. source: core/v1 Toleration. */
export function lets(toleration: JsonObject, onto: JsonObject): boolean {
  if (!isSameEffect(toleration, onto) || toleration['key'] !== onto['key']) return false;
  // A pool that tolerates every value of its taint does not say which one its nodes carry.
  return isAnyValue(toleration) || isAnyValue(onto) || valueOf(toleration) === valueOf(onto);
}

/** Whether a toleration asks for nothing beyond another one. */
export const isWithin = (toleration: JsonObject, other: JsonObject): boolean =>
  toleration['key'] === other['key'] &&
  isSameEffect(other, toleration) &&
  (isAnyValue(other) || (!isAnyValue(toleration) && valueOf(toleration) === valueOf(other)));

const isAnyValue = ({ operator }: JsonObject): boolean => operator === 'Exists';
const valueOf = ({ value }: JsonObject): unknown => value ?? '';
/** No effect is every effect. */
const isSameEffect = ({ effect }: JsonObject, other: JsonObject): boolean =>
  effect === undefined || effect === '' || other['effect'] === undefined || effect === other['effect'];
