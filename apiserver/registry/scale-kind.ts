/** autoscaling/v1 Scale: what `/scale` of other kinds is read and written as; never served by itself. */
import { defineNative, type ObjectFor } from '../api/kind.ts';
import { int, obj, opt } from '../api/schema.ts';
import { text } from '../kinds/native/fields.ts';

export const Scale = defineNative({
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  plural: 'scales',
  scope: 'Namespaced',
  doc: 'How many of something there should be.',
  fields: {
    spec: opt(obj('Desired state.', { replicas: opt(int('Number that is wanted.', { minimum: 0 })) })),
    status: opt(
      obj('Observed state.', {
        replicas: opt(int('Number that is there.')),
        selector: opt(text('Labels of what is counted, as a label selector.')),
      }),
    ),
  },
  columns: [
    { name: 'Desired', type: 'integer', cell: (scale) => scale.spec?.replicas ?? 0 },
    { name: 'Available', type: 'integer', cell: (scale) => scale.status?.replicas ?? 0 },
  ],
});
export type Scale = ObjectFor<typeof Scale>;
