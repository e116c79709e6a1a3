/** v1 Pod. */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { opt } from '../../api/schema.ts';
import { podSpec } from './pod-spec.ts';
import { podStatus } from './pod-status.ts';
import { podReadiness, podReason, podRestarts } from './pod-cells.ts';
import { checkPodSpec, fillPodSpec } from './pod-template.ts';

export const Pod = defineNative({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'Containers that are placed on a node together.',
  fields: { spec: podSpec, status: opt(podStatus) },
  selectableFields: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  columns: [
    { name: 'Ready', type: 'string', cell: podReadiness },
    { name: 'Status', type: 'string', cell: podReason },
    { name: 'Restarts', type: 'string', cell: podRestarts },
    { name: 'IP', type: 'string', wide: true, cell: (pod) => pod.status?.podIP ?? '<none>' },
    { name: 'Node', type: 'string', wide: true, cell: (pod) => pod.spec.nodeName ?? '<none>' },
    {
      name: 'Nominated Node',
      type: 'string',
      wide: true,
      cell: (pod) => pod.status?.nominatedNodeName ?? '<none>',
    },
    {
      name: 'Readiness Gates',
      type: 'string',
      wide: true,
      cell: (pod) =>
        pod.spec.readinessGates === undefined ? '<none>' : `0/${pod.spec.readinessGates.length}`,
    },
  ],
  prepare: fill,
  check: (pod) => checkPodSpec(pod.spec, 'spec'),
});
export type Pod = ObjectFor<typeof Pod>;

const ACCOUNT = { serviceAccountName: 'default', serviceAccount: 'default' };

/** source: core/v1 SetDefaults_Pod, the ServiceAccount plugin, and the strategy that starts every pod as Pending. */
function fill(object: Readonly<Record<string, Json>>): Record<string, Json> {
  const spec = fillPodSpec(object['spec']);
  const status = isObject(object['status']) ? object['status'] : {};
  return {
    ...object,
    ...(isObject(spec) ? { spec: { enableServiceLinks: true, ...ACCOUNT, ...withRequests(spec) } } : {}),
    status: { phase: 'Pending', ...status },
  };
}

/** A limit without a request is a request too. */
function withRequests(spec: JsonObject): JsonObject {
  const { containers } = spec;
  if (!Array.isArray(containers)) return spec;
  return { ...spec, containers: (containers as readonly Json[]).map(requestsFromLimits) };
}

function requestsFromLimits(container: Json): Json {
  const resources = isObject(container) ? container['resources'] : undefined;
  if (!isObject(container) || !isObject(resources) || !isObject(resources['limits'])) return container;
  const given = isObject(resources['requests']) ? resources['requests'] : {};
  return { ...container, resources: { ...resources, requests: { ...resources['limits'], ...given } } };
}
