/**
 * Requests and limits that new pods get from the LimitRanges of their namespace, so that a quota which wants them
 * given does not refuse pods that leave them out.
 * source: kubernetes plugin/pkg/admission/limitranger mergePodResourceRequirements.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import { metaText } from '../body.ts';
import type { Cache } from '../cache.ts';
import { limitsIn, type Limit, type LimitedWrite } from './limits.ts';
import { isPod } from './pod-usage.ts';

/** The same object when nothing is left open or no LimitRange says anything. */
export function withContainerDefaults(cache: Cache, write: LimitedWrite, object: JsonObject): JsonObject {
  if (write.old !== undefined || write.subresource !== '' || !isPod(write.kind)) return object;
  const defaults = limitsIn(cache, metaText(object, 'namespace'), 'Container');
  const { spec } = object;
  if (defaults.length === 0 || !isObject(spec)) return object;
  const filled = (list: Json | undefined): Json | undefined =>
    Array.isArray(list) ? (list as readonly Json[]).map((container) => fill(container, defaults)) : list;
  const containers = filled(spec['containers']);
  const initContainers = filled(spec['initContainers']);
  return {
    ...object,
    spec: {
      ...spec,
      ...(containers === undefined ? {} : { containers }),
      ...(initContainers === undefined ? {} : { initContainers }),
    },
  };
}

const FIELDS = { limits: 'default', requests: 'defaultRequest' } as const;

/** What the container says itself wins, then the first LimitRange by name. */
function fill(container: Json, defaults: readonly Limit[]): Json {
  if (!isObject(container)) return container;
  const resources = isObject(container['resources']) ? container['resources'] : {};
  const merged = (which: 'limits' | 'requests'): JsonObject => {
    const given = isObject(resources[which]) ? resources[which] : {};
    return Object.assign({}, ...defaults.map((each) => each[FIELDS[which]]).reverse(), given) as JsonObject;
  };
  const entries = (['limits', 'requests'] as const)
    .map((which) => [which, merged(which)] as const)
    .filter(([, amounts]) => Object.keys(amounts).length > 0);
  return { ...container, resources: { ...resources, ...Object.fromEntries(entries) } };
}
