/** discovery.k8s.io/v1 EndpointSlice. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { bool, int, list, map, obj, opt, set, str } from '../../api/schema.ts';
import { objectReference, text } from './fields.ts';

const endpoint = obj('One endpoint.', {
  addresses: set('Its addresses.', text('An address.')),
  conditions: opt(
    obj('State of the endpoint.', {
      ready: opt(bool('Whether it takes traffic.')),
      serving: opt(bool('Whether it serves, even while it ends.')),
      terminating: opt(bool('Whether it is ending.')),
    }),
  ),
  hostname: opt(text('Its name.')),
  targetRef: opt(objectReference('Object it belongs to.')),
  deprecatedTopology: opt(map('Place, in the older form.', text('Value.'), { mapType: 'atomic' })),
  nodeName: opt(text('Node it is on.')),
  zone: opt(text('Zone it is in.')),
  hints: opt(
    obj('Who should use it.', {
      forZones: opt(list('Zones.', obj('One zone.', { name: text('Name of the zone.') }))),
      forNodes: opt(list('Nodes.', obj('One node.', { name: text('Name of the node.') }))),
    }),
  ),
});

const port = obj(
  'One port.',
  {
    name: text('Name of the port.', { default: '' }),
    protocol: str('Transport protocol.', { enum: ['TCP', 'UDP', 'SCTP'], default: 'TCP' }),
    port: opt(int('The port; every one when not set.')),
    appProtocol: opt(text('Protocol of the application.')),
  },
  { mapType: 'atomic' },
);

export const EndpointSlice = defineNative({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  scope: 'Namespaced',
  doc: 'A part of the addresses that serve a service.',
  fields: {
    addressType: str('Family of the addresses.', { enum: ['IPv4', 'IPv6', 'FQDN'] }),
    endpoints: list('The endpoints.', endpoint),
    ports: opt(list('Ports of all endpoints.', port)),
  },
  immutable: ['addressType'],
  columns: [
    { name: 'AddressType', type: 'string', cell: (slice) => slice.addressType },
    {
      name: 'Ports',
      type: 'string',
      cell: (slice) => shown((slice.ports ?? []).map((each) => String(each.port ?? '*'))),
    },
    {
      name: 'Endpoints',
      type: 'string',
      cell: (slice) => shown(slice.endpoints.flatMap((each) => [...each.addresses])),
    },
  ],
});
export type EndpointSlice = ObjectFor<typeof EndpointSlice>;

const MAX_SHOWN = 3;

function shown(all: readonly string[]): string {
  if (all.length === 0) return '<unset>';
  const more = all.length - MAX_SHOWN;
  return all.slice(0, MAX_SHOWN).join(',') + (more > 0 ? ` + ${more} more...` : '');
}
