/** DataPlane.status: identity, registration, and what the agent reports. */
import { bool, int, list, listMap, obj, opt, quantity, set, str, time, type Node } from '../api/schema.ts';
import { identifier, objectName, prose } from './names.ts';
import { conditions, observedGeneration } from './status.ts';

const counter = (description: string): Node<number> => int(description, { format: 'int64', minimum: 0 });
const digest = (description: string): Node<string> =>
  str(description, { maxLength: 128, pattern: '^[0-9A-Za-z_=-]+$' });

const jwk = (description: string): Node<PublicKey> =>
  obj(description, {
    kty: str('Type of the key.', { maxLength: 16 }),
    crv: str('Curve.', { maxLength: 32 }),
    x: str('First coordinate, base64url.', { maxLength: 256 }),
    y: opt(str('Second coordinate, base64url, for curves that have one.', { maxLength: 256 })),
    kid: opt(str('Thumbprint that names the key.', { maxLength: 128 })),
    alg: opt(str('Algorithm the key is for.', { maxLength: 32 })),
  });
/** source: RFC 7517, the public members of OKP and EC keys. */
export interface PublicKey {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly y?: string;
  readonly kid?: string;
  readonly alg?: string;
}

const registration = obj('The one-time token in force and its redemption.', {
  tokenHash: opt(digest('SHA-256 of the token; the token itself is kept nowhere.')),
  expiresAt: opt(time('When the token stops being accepted.')),
  redeemedBy: opt(digest('Thumbprint of the agent key that redeemed the token.')),
  redeemedAt: opt(time('When the token was redeemed.')),
});

const agent = obj('The agent on the data plane.', {
  connected: opt(bool('Whether a session is open.')),
  replicas: opt(int('Replicas of the agent.', { minimum: 0 })),
  version: opt(str('Version of the agent.', { maxLength: 64 })),
  address: opt(str('Address the session comes from.', { maxLength: 256 })),
  lastHeartbeatTime: opt(time('Last heartbeat that arrived.')),
  lastConnectedTime: opt(time('Last time a session was opened.')),
  lastDisconnectedTime: opt(time('Last time a session ended.')),
});

const component = obj('One component or dependency.', {
  name: identifier('Name of the component.'),
  sync: opt(str('Whether it is what was asked for.', { enum: ['Synced', 'OutOfSync', 'Unknown'] })),
  health: str('How it is.', {
    enum: ['Healthy', 'Progressing', 'Suspended', 'Unknown', 'Missing', 'Degraded'],
  }),
  version: opt(str('Version that runs.', { maxLength: 64 })),
  message: opt(prose('What is wrong, if anything.')),
});

const chart = obj('One chart.', {
  name: str('Name of the chart.', { minLength: 1, maxLength: 64 }),
  version: opt(str('Version that runs.', { maxLength: 64 })),
  target: opt(str('Version that is being rolled out.', { maxLength: 64 })),
  progress: opt(str('How far the roll-out is, such as 3/5.', { maxLength: 32 })),
});

const componentUsage = obj('Consumption of one component.', {
  name: identifier('Name of the component.'),
  cpu: opt(quantity('CPU cores in use.')),
  memory: opt(quantity('Memory in use.')),
  storage: opt(quantity('Storage in use.')),
  error: opt(prose('Why the numbers are missing.')),
});

const unhealthyTenant = obj('One tenant with a problem.', {
  name: identifier('Name of the tenant.'),
  reason: opt(prose('What the problem is.')),
});

export const status = obj('Observed state, written by controllers only.', {
  phase: opt(
    str('Summary of the conditions; controllers never read it.', {
      enum: ['Pending', 'Registered', 'Deleting'],
    }),
  ),
  observedGeneration,
  dataPlaneID: opt(str('Identity given at the first registration; never changes.', { maxLength: 64 })),
  clusterUID: opt(str('Identity of the Kubernetes cluster the agent registered from.', { maxLength: 64 })),
  registeredAt: opt(time('When the data plane was registered.')),
  registration: opt(registration),
  epoch: opt(counter('Incarnation of the identity; a higher one fences older agents off.')),
  appliedRevision: opt(counter('Revision up to which the agent has applied everything.')),
  digest: opt(digest('Digest over the applied bundles, to be compared with ours.')),
  publicKeys: opt(
    obj('Public keys of the agent.', {
      sign: opt(jwk('Verifies what the agent signs.')),
      seal: opt(jwk('Seals values that only the agent can open.')),
    }),
  ),
  session: opt(
    obj('The open session.', {
      id: counter('Fencing number: of two sessions the higher one wins.'),
      hub: opt(str('Hub replica that holds the session.', { maxLength: 253 })),
    }),
  ),
  agent: opt(agent),
  components: opt(listMap('Components and dependencies.', 'name', component, { maxItems: 256 })),
  charts: opt(listMap('Charts.', 'name', chart, { maxItems: 64 })),
  usage: opt(
    obj('Consumption.', {
      cpu: opt(quantity('CPU cores in use.')),
      memory: opt(quantity('Memory in use.')),
      storage: opt(quantity('Storage in use.')),
      collectedAt: opt(time('When the numbers were taken.')),
      components: opt(listMap('Consumption by component.', 'name', componentUsage, { maxItems: 256 })),
    }),
  ),
  tenants: opt(
    obj('Tenants that have something on the data plane.', {
      count: int('Number of tenants.', { minimum: 0 }),
      unhealthy: opt(listMap('Tenants with a problem.', 'name', unhealthyTenant, { maxItems: 1000 })),
    }),
  ),
  driftCorrections: opt(counter('Foreign changes that the agent has undone.')),
  capabilities: opt(
    set('What the agent is able to do.', str('A capability.', { minLength: 1, maxLength: 64 }), {
      maxItems: 64,
    }),
  ),
  orphaned: opt(
    list('Objects given up when the plane was removed by force.', objectName('Name of a PlaneWork.'), {
      maxItems: 1000,
    }),
  ),
  conditions: conditions(
    'Registered, Connected, InfrastructureReady, Synced, Degraded, CredentialExpiring, HoldDestructive, DeletionBlocked',
  ),
});
