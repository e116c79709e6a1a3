/** v1 ServiceAccount. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { bool, list, listMap, obj, opt } from '../../api/schema.ts';
import { localReference, text } from './fields.ts';

export const ServiceAccount = defineNative({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  scope: 'Namespaced',
  doc: 'An identity that pods of one namespace run under.',
  fields: {
    secrets: opt(
      listMap(
        'Secrets that pods under this identity may use.',
        'name',
        obj('One secret.', {
          kind: opt(text('Kind of the object.')),
          namespace: opt(text('Namespace of the object.')),
          name: text('Name of the object.'),
          uid: opt(text('Identity of the object.')),
          apiVersion: opt(text('Group and version of the object.')),
          resourceVersion: opt(text('Version of the object that is meant.')),
          fieldPath: opt(text('Part of the object that is meant.')),
        }),
      ),
    ),
    imagePullSecrets: opt(list('Secrets for pulling images.', localReference('One secret.'))),
    automountServiceAccountToken: opt(
      bool('Whether pods get a token of this identity without asking for it.'),
    ),
  },
  columns: [{ name: 'Secrets', type: 'integer', cell: (account) => account.secrets?.length ?? 0 }],
});
export type ServiceAccount = ObjectFor<typeof ServiceAccount>;
