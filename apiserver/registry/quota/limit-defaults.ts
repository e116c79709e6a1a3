/**
 * Requests and limits that new pods get from the LimitRanges of their namespace, so that a quota which wants them
 * given does not refuse pods that leave them out.
 * source: kubernetes plugin/pkg/admission/limitranger mergePodResourceRequirements.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import type { LimitRange } from '../../kinds/native/limit-range.ts';
import type { Kind } from '../../api/kind.ts';
import { metaText } from '../body.ts';
import type { Cache } from '../cache.ts';
import { rangeOf, walk } from '../table.ts';
import { isPod } from './pod-usage.ts';

type Amounts = Readonly<Record<string, string | number>>;
interface Defaults {
  readonly limits: Amounts;
  readonly requests: Amounts;
}
interface Write {
  readonly kind: Kind;
  readonly subresource: string;
  readonly old: object | undefined;
}

/** The same object when nothing is left open or no LimitRange says anything. */
export function withContainerDefaults(cache: Cache, write: Write, object: JsonObject): JsonObject {
  if (write.old !== undefined || write.subresource !== '' || !isPod(write.kind)) return object;
  const defaults = defaultsOf(cache, metaText(object, 'namespace'));
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

function defaultsOf(cache: Cache, namespace: string): readonly Defaults[] {
  const found: Defaults[] = [];
  for (const table of cache.tables()) {
    if (table.kind.group !== '' || table.kind.kind !== 'LimitRange') continue;
    walk(table, rangeOf(namespace), '', (stored) => {
      const { spec } = stored.read() as unknown as LimitRange;
      for (const limit of spec.limits.filter(({ type }) => type === 'Container')) {
        found.push({ limits: limit.default ?? {}, requests: limit.defaultRequest ?? {} });
      }
      return true;
    });
  }
  return found;
}

/** What the container says itself wins, then the first LimitRange by name. */
function fill(container: Json, defaults: readonly Defaults[]): Json {
  if (!isObject(container)) return container;
  const resources = isObject(container['resources']) ? container['resources'] : {};
  const merged = (which: 'limits' | 'requests'): JsonObject => {
    const given = isObject(resources[which]) ? resources[which] : {};
    return Object.assign({}, ...defaults.map((each) => each[which]).reverse(), given) as JsonObject;
  };
  const entries = (['limits', 'requests'] as const)
    .map((which) => [which, merged(which)] as const)
    .filter(([, amounts]) => Object.keys(amounts).length > 0);
  return { ...container, resources: { ...resources, ...Object.fromEntries(entries) } };
}
