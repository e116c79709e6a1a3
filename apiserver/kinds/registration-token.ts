/** A RegistrationToken lets one agent register one data plane, once; it is shown in the reply and never stored. */
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { int, obj, opt, str, time } from '../api/schema.ts';
import { objectName } from './names.ts';

const spec = obj('What the token is for.', {
  dataPlaneRef: objectName('DataPlane that the agent registers as.'),
  ttlSeconds: int('How long the token is accepted.', { minimum: 60, maximum: 86_400, default: 900 }),
});

const status = obj('The token, present in the reply only.', {
  token: opt(str('The token; a new one for the same data plane voids it.', { maxLength: 512 })),
  expiresAt: opt(time('When the token stops being accepted.')),
});

export const RegistrationToken = defineKind({
  kind: 'RegistrationToken',
  plural: 'registrationtokens',
  scope: 'Cluster',
  doc: 'A one-time secret with which an agent registers its data plane; present in the reply and never stored.',
  spec,
  status,
  virtual: true,
  references: [{ field: 'spec.dataPlaneRef', to: 'DataPlane', verb: 'register', protects: false }],
  secrets: ['status.token'],
  columns: [
    { name: 'Data Plane', type: 'string', cell: (token) => token.spec.dataPlaneRef },
    { name: 'Token', type: 'string', cell: (token) => token.status?.token },
    { name: 'Expires', type: 'string', cell: (token) => token.status?.expiresAt },
  ],
});
export type RegistrationToken = ObjectFor<typeof RegistrationToken>;
