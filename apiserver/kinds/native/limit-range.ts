/** v1 LimitRange. */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { list, obj, opt } from '../../api/schema.ts';
import { resourceList, text } from './fields.ts';

const limit = obj('Bounds for one type of object.', {
  type: text('Pod, Container or PersistentVolumeClaim.'),
  max: opt(resourceList('Most that one object may ask for.')),
  min: opt(resourceList('Least that one object must ask for.')),
  default: opt(resourceList('Limit given to objects that set none.')),
  defaultRequest: opt(resourceList('Request given to objects that set none.')),
  maxLimitRequestRatio: opt(resourceList('How many times its request a limit may be.')),
});

export const LimitRange = defineNative({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  shortNames: ['limits'],
  scope: 'Namespaced',
  doc: 'Bounds and defaults for what single objects of one namespace ask for.',
  fields: {
    spec: obj('Desired state.', { limits: list('Bounds by type of object.', limit) }),
  },
  columns: [
    { name: 'Name', type: 'string', cell: (range) => range.metadata.name },
    { name: 'Created At', type: 'string', cell: (range) => range.metadata.creationTimestamp },
  ],
  completeColumns: true,
  prepare: fill,
});
export type LimitRange = ObjectFor<typeof LimitRange>;

/** source: core/v1 SetDefaults_LimitRangeItem. */
function fill(object: JsonObject): JsonObject {
  const { spec } = object;
  if (!isObject(spec) || !Array.isArray(spec['limits'])) return object;
  return { ...object, spec: { ...spec, limits: (spec['limits'] as readonly Json[]).map(filled) } };
}

function filled(limit: Json): Json {
  if (!isObject(limit) || limit['type'] !== 'Container') return limit;
  const part = (name: string): JsonObject => (isObject(limit[name]) ? limit[name] : {});
  const limits = { ...part('max'), ...part('default') };
  const requests = { ...part('min'), ...limits, ...part('defaultRequest') };
  return {
    ...limit,
    ...(Object.keys(limits).length === 0 ? {} : { default: limits }),
    ...(Object.keys(requests).length === 0 ? {} : { defaultRequest: requests }),
  };
}
