/** networking.k8s.io/v1 NetworkPolicy. */
import { isObject, type Json } from '../../api/json.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { int, intOrString, list, obj, opt, str } from '../../api/schema.ts';
import { formatSelector, labelSelector } from '../fields.ts';
import { text } from './fields.ts';

const port = obj('One port or range.', {
  protocol: str('Transport protocol.', { enum: ['TCP', 'UDP', 'SCTP'], default: 'TCP' }),
  port: opt(intOrString('Number or name; every port when not set.')),
  endPort: opt(int('Last port of a range that starts at port.')),
});

const peer = obj('One group of peers.', {
  podSelector: opt(labelSelector('Pods, in this namespace unless namespaceSelector is set.')),
  namespaceSelector: opt(labelSelector('Namespaces of the pods.')),
  ipBlock: opt(
    obj('Addresses.', {
      cidr: text('Range of addresses.'),
      except: opt(list('Ranges that are left out.', text('A range.'))),
    }),
  ),
});

const ports = opt(list('Ports that are opened; every port when empty.', port));

const spec = obj('Which traffic of which pods is let through.', {
  podSelector: labelSelector('Pods the policy is about; all of the namespace when empty.', { default: {} }),
  ingress: opt(
    list(
      'Traffic to the pods that is let through; none when empty.',
      obj('One opening.', { ports, from: opt(list('Who may send; everybody when empty.', peer)) }),
    ),
  ),
  egress: opt(
    list(
      'Traffic from the pods that is let through; none when empty.',
      obj('One opening.', { ports, to: opt(list('Who may be reached; everybody when empty.', peer)) }),
    ),
  ),
  policyTypes: opt(
    list('Directions the policy is about.', str('A direction.', { enum: ['Ingress', 'Egress'] })),
  ),
});

export const NetworkPolicy = defineNative({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  shortNames: ['netpol'],
  scope: 'Namespaced',
  doc: 'Which network traffic is let through to and from pods; what no policy lets through is dropped.',
  fields: { spec: opt(spec) },
  columns: [
    { name: 'Pod-Selector', type: 'string', cell: (policy) => formatSelector(policy.spec?.podSelector) },
  ],
  prepare: defaultTypes,
});
export type NetworkPolicy = ObjectFor<typeof NetworkPolicy>;

/** source: networking/v1 SetDefaults_NetworkPolicy: always Ingress, and Egress when there are egress rules. */
function defaultTypes(object: Readonly<Record<string, Json>>): Record<string, Json> {
  const policy = object['spec'];
  if (!isObject(policy)) return { ...object };
  const types = policy['policyTypes'];
  if (Array.isArray(types) && types.length > 0) return { ...object };
  const egress = policy['egress'];
  const hasEgress = Array.isArray(egress) && egress.length > 0;
  return { ...object, spec: { ...policy, policyTypes: hasEgress ? ['Ingress', 'Egress'] : ['Ingress'] } };
}
