/** coordination.k8s.io/v1 Lease. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { int, obj, opt, time } from '../../api/schema.ts';
import { text } from './fields.ts';

export const Lease = defineNative({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
  doc: 'A right that one of several holders has for a limited time.',
  fields: {
    spec: opt(
      obj('Who holds it and for how long.', {
        holderIdentity: opt(text('Present holder.')),
        leaseDurationSeconds: opt(int('How long it lasts without being renewed.')),
        acquireTime: opt(time('When the present holder got it.')),
        renewTime: opt(time('When it was last renewed.')),
        leaseTransitions: opt(int('How often the holder changed.')),
        strategy: opt(text('How a holder is chosen.')),
        preferredHolder: opt(text('Holder that should take over.')),
      }),
    ),
  },
  columns: [{ name: 'Holder', type: 'string', cell: (lease) => lease.spec?.holderIdentity ?? '' }],
});
export type Lease = ObjectFor<typeof Lease>;
