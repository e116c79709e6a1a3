/** v1 Endpoints. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { int, list, obj, opt, str, type Value } from '../../api/schema.ts';
import { objectReference, text } from './fields.ts';

const address = obj(
  'One address.',
  {
    ip: text('The address.'),
    hostname: opt(text('Its name.')),
    nodeName: opt(text('Node it is on.')),
    targetRef: opt(objectReference('Object it belongs to.')),
  },
  { mapType: 'atomic' },
);

const subset = obj('Addresses that have the same ports.', {
  addresses: opt(list('Addresses that are ready.', address)),
  notReadyAddresses: opt(list('Addresses that are not ready.', address)),
  ports: opt(
    list(
      'Ports of the addresses.',
      obj(
        'One port.',
        {
          name: opt(text('Name of the port.')),
          port: int('The port.'),
          protocol: str('Transport protocol.', { enum: ['TCP', 'UDP', 'SCTP'], default: 'TCP' }),
          appProtocol: opt(text('Protocol of the application.')),
        },
        { mapType: 'atomic' },
      ),
    ),
  ),
});

export const Endpoints = defineNative({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  shortNames: ['ep'],
  scope: 'Namespaced',
  doc: 'Addresses and ports that serve a service of the same name.',
  fields: { subsets: opt(list('Groups of addresses.', subset)) },
  columns: [{ name: 'Endpoints', type: 'string', cell: (endpoints) => shown(endpoints.subsets ?? []) }],
});
export type Endpoints = ObjectFor<typeof Endpoints>;

const MAX_SHOWN = 3;

/** source: kubernetes pkg/printers formatEndpoints. */
function shown(subsets: readonly Value<typeof subset>[]): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map((each) => each.ip)
      : ports.flatMap((port) => addresses.map((each) => `${each.ip}:${port.port}`)),
  );
  if (all.length === 0) return '<none>';
  const more = all.length - MAX_SHOWN;
  return all.slice(0, MAX_SHOWN).join(',') + (more > 0 ? ` + ${more} more...` : '');
}
