/** Pods of a tenant that is kept apart by nodes go to its first pool, unless they choose one that is open to it. */
import { at, isObject, type Json, type JsonObject } from '../../api/json.ts';
import { Tenant } from '../../kinds/tenant.ts';
import { podOf } from '../native/pods.ts';
import { poolsFor, textsOf, type Pool } from '../native/pools.ts';
import { resourceOf } from '../native/resource.ts';
import type { Mutation } from './mutation.ts';

export const defaultPool: Mutation = {
  name: 'default-pool',
  apply: (object, request, { engine, lookup }) => {
    if (request.operation !== 'CREATE' || resourceOf(request) !== 'core/pods') return object;
    const pod = podOf(request.kind, object);
    const tenant = engine.tenantOf(request.namespace);
    if (pod === undefined || tenant === undefined) return object;
    if (at(lookup.find(Tenant, '', tenant.name), 'spec.isolation') !== 'NodePool') return object;
    const open = poolsFor(tenant, lookup).filter(
      ({ isOpen, nodeSelector }) => isOpen && Object.keys(nodeSelector).length > 0,
    );
    const chosen =
      open.find((pool) => selects(pod.spec, pool)) ?? open.find(({ purpose }) => purpose === 'runnable');
    const spec = chosen === undefined ? pod.spec : placed(pod.spec, chosen);
    return spec === pod.spec ? object : { ...object, spec };
  },
};

function selects(spec: JsonObject, { nodeSelector }: Pool): boolean {
  const selected = selectorOf(spec);
  return Object.entries(nodeSelector).every(([key, value]) => selected[key] === value);
}

function selectorOf(spec: JsonObject): Readonly<Record<string, string>> {
  const selector = spec['nodeSelector'];
  return isObject(selector) ? textsOf(selector) : {};
}

/** What the author set stays; a selector that contradicts the pool leaves the pod without nodes. */
function placed(spec: JsonObject, pool: Pool): JsonObject {
  const selector = selectorOf(spec);
  const missing = Object.entries(pool.nodeSelector).filter(([key]) => !Object.hasOwn(selector, key));
  const tolerations: readonly Json[] = Array.isArray(spec['tolerations']) ? spec['tolerations'] : [];
  const added = pool.tolerations.filter((wanted) => !tolerations.some((known) => isSame(known, wanted)));
  if (missing.length === 0 && added.length === 0) return spec;
  return {
    ...spec,
    nodeSelector: { ...selector, ...Object.fromEntries(missing) },
    ...(added.length === 0 ? {} : { tolerations: [...tolerations, ...added] }),
  };
}

const isSame = (known: unknown, wanted: JsonObject): boolean =>
  ['key', 'operator', 'value', 'effect', 'tolerationSeconds'].every(
    (field) => (at(known, field) ?? DEFAULTS[field]) === (wanted[field] ?? DEFAULTS[field]),
  );
const DEFAULTS: Readonly<Record<string, unknown>> = { operator: 'Equal', value: '', effect: '' };
