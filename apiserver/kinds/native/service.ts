/** v1 Service. */
import { cause } from '../../api/causes.ts';
import type { Cause } from '../../api/errors.ts';
import { isObject, type Json } from '../../api/json.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { label1035Problems } from '../../api/names.ts';
import { bool, int, intOrString, list, listMap, map, obj, opt, str, type Value } from '../../api/schema.ts';
import { formatLabels } from '../fields.ts';
import { plainConditions, text } from './fields.ts';

const port = obj('One port.', {
  name: opt(text('Name, needed when there are several ports.')),
  protocol: str('Transport protocol.', { enum: ['TCP', 'UDP', 'SCTP'], default: 'TCP' }),
  appProtocol: opt(text('Protocol of the application.')),
  port: int('Port of the service.'),
  targetPort: opt(intOrString('Number or name of the port of the pods; that of the service when not set.')),
  nodePort: opt(int('Port of every node.')),
});

const spec = obj('Desired state.', {
  ports: opt(listMap('Ports.', ['port', 'protocol'], port)),
  selector: opt(map('Labels of the pods that serve.', text('Value.'), { mapType: 'atomic' })),
  clusterIP: opt(text('Address inside the cluster; None for no address.')),
  clusterIPs: opt(list('Addresses inside the cluster.', text('An address.'))),
  type: str('How far the service reaches.', {
    enum: ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'],
    default: 'ClusterIP',
  }),
  externalIPs: opt(list('Further addresses that nodes accept.', text('An address.'))),
  sessionAffinity: str('Whether a client stays with a pod.', { enum: ['None', 'ClientIP'], default: 'None' }),
  sessionAffinityConfig: opt(
    obj('How a client stays with a pod.', {
      clientIP: opt(obj('By address.', { timeoutSeconds: opt(int('How long it stays.')) })),
    }),
  ),
  loadBalancerIP: opt(text('Wanted address of the load balancer.')),
  loadBalancerSourceRanges: opt(list('Addresses that the load balancer admits.', text('A range.'))),
  loadBalancerClass: opt(text('Class of the load balancer.')),
  allocateLoadBalancerNodePorts: opt(bool('Whether a load balancer needs ports of nodes.')),
  externalName: opt(text('Name that the service stands for.')),
  externalTrafficPolicy: opt(text('Whether traffic from outside stays on the node.')),
  internalTrafficPolicy: opt(text('Whether traffic from inside stays on the node.')),
  healthCheckNodePort: opt(int('Port of the health check of the load balancer.')),
  publishNotReadyAddresses: opt(bool('Whether pods count before they are ready.')),
  ipFamilies: opt(list('Families of addresses.', text('IPv4 or IPv6.'))),
  ipFamilyPolicy: opt(text('Whether one or two families are wanted.')),
  trafficDistribution: opt(text('Which pods are preferred.')),
});

const ingress = obj('One address.', {
  ip: opt(text('Address.')),
  hostname: opt(text('Name.')),
  ipMode: opt(text('How the address is handled.')),
  ports: opt(
    list(
      'State of ports.',
      obj('One port.', {
        port: int('The port.'),
        protocol: text('Transport protocol.'),
        error: opt(text('What is wrong with it.')),
      }),
    ),
  ),
});

export const Service = defineNative({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'One name and address for the pods that serve something.',
  fields: {
    spec,
    status: opt(
      obj('Observed state.', {
        loadBalancer: opt(obj('The load balancer.', { ingress: opt(list('Its addresses.', ingress)) })),
        conditions: plainConditions,
      }),
    ),
  },
  selectableFields: ['spec.clusterIP', 'spec.type'],
  columns: [
    { name: 'Type', type: 'string', cell: (service) => service.spec.type },
    { name: 'Cluster-IP', type: 'string', cell: (service) => orNone(service.spec.clusterIP) },
    {
      name: 'External-IP',
      type: 'string',
      cell: (service) => externalAddress(service.spec, service.status?.loadBalancer?.ingress ?? []),
    },
    {
      name: 'Port(s)',
      type: 'string',
      cell: (service) => orNone((service.spec.ports ?? []).map(portText).join(',')),
    },
    {
      name: 'Selector',
      type: 'string',
      wide: true,
      cell: (service) => formatLabels(service.spec.selector),
    },
  ],
  prepare: fill,
  check: (service) => [
    ...label1035Problems(service.metadata.name).map((problem) =>
      cause.invalid('metadata.name', service.metadata.name, problem),
    ),
    ...checkPorts(service.spec),
  ],
});
export type Service = ObjectFor<typeof Service>;

/** source: core/v1 SetDefaults_Service. No addresses are handed out here: nothing routes on the local plane. */
function fill(object: Readonly<Record<string, Json>>): Record<string, Json> {
  const wanted = object['spec'];
  if (!isObject(wanted)) return { ...object, status: object['status'] ?? { loadBalancer: {} } };
  const ports = wanted['ports'];
  const filled = Array.isArray(ports) ? { ports: (ports as readonly Json[]).map(fillPort) } : {};
  const outward = wanted['type'] === 'NodePort' || wanted['type'] === 'LoadBalancer';
  const policies = {
    ...(wanted['type'] === 'ExternalName' ? {} : { internalTrafficPolicy: 'Cluster' }),
    ...(outward ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(wanted['type'] === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
  };
  return {
    ...object,
    spec: { ...policies, ...wanted, ...filled },
    status: object['status'] ?? { loadBalancer: {} },
  };
}

function fillPort(each: Json): Json {
  if (!isObject(each) || each['port'] === undefined) return each;
  const target = each['targetPort'];
  return target === undefined || target === '' || target === 0 ? { ...each, targetPort: each['port'] } : each;
}

type Spec = Value<typeof spec>;

/** source: core validation ValidateService. */
function checkPorts(wanted: Spec): readonly Cause[] {
  const ports = wanted.ports ?? [];
  const headless = wanted.clusterIP === 'None';
  const none = ports.length === 0 && !headless && wanted.type !== 'ExternalName';
  const named = wanted.type === 'ExternalName' && (wanted.externalName ?? '') === '';
  return [
    ...(none ? [cause.required('spec.ports')] : []),
    ...(named ? [cause.required('spec.externalName')] : []),
    ...ports.flatMap((each, index) => {
      const field = `spec.ports[${index}]`;
      const legal = each.port >= 1 && each.port <= 65_535;
      return [
        ...(ports.length > 1 && (each.name ?? '') === '' ? [cause.required(`${field}.name`)] : []),
        ...(legal
          ? []
          : [cause.invalid(`${field}.port`, each.port, 'must be between 1 and 65535, inclusive')]),
      ];
    }),
  ];
}

const orNone = (value: string | undefined): string =>
  value === undefined || value === '' ? '<none>' : value;

const portText = ({ port: number, nodePort, protocol }: Value<typeof port>): string =>
  nodePort === undefined ? `${number}/${protocol}` : `${number}:${nodePort}/${protocol}`;

/** source: kubernetes pkg/printers getServiceExternalIP. */
function externalAddress(wanted: Spec, balancers: readonly Value<typeof ingress>[]): string {
  const external = wanted.externalIPs ?? [];
  switch (wanted.type) {
    case 'ClusterIP':
    case 'NodePort':
      return orNone(external.join(','));
    case 'LoadBalancer': {
      const all = [...balancers.map((each) => each.ip ?? each.hostname ?? ''), ...external];
      return all.length === 0 ? '<pending>' : all.join(',');
    }
    case 'ExternalName':
      return orNone(wanted.externalName);
    default:
      return wanted.type satisfies never;
  }
}
