/** Updates of objects that were there before their tenant's rules, by a developer of the tenant (policy.md P05, P08). */
import assert from 'node:assert/strict';
import { NS, template } from '../../../test/support/natives.ts';
import { dev } from '../../../test/support/policy.ts';
import { createReviewWorld, type ReviewWorld } from '../../../test/support/reviews.ts';
import type { JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { Deployment } from '../../kinds/native/deployment.ts';
import { Ingress } from '../../kinds/native/ingress.ts';
import { NetworkPolicy } from '../../kinds/native/network-policy.ts';
import { RoleBinding } from '../../kinds/native/role-binding.ts';
import { Role } from '../../kinds/native/role.ts';
import { Service } from '../../kinds/native/service.ts';

const metadata = { name: 'x', namespace: NS };
const labelled = { ...metadata, labels: { a: 'b' } };
const deployment = (spec: JsonObject): JsonObject => template('Deployment', 'apps/v1', spec);
const privileged = (name: string, image: string): JsonObject => ({
  name,
  image,
  securityContext: { privileged: true },
});
const volumes = (...paths: string[]): JsonObject => ({
  volumes: paths.map((path, index) => ({ name: `v${index}`, hostPath: { path } })),
});
const binding = (...subjects: JsonObject[]): JsonObject => ({
  metadata,
  roleRef: { kind: 'ClusterRole', name: 'view' },
  subjects,
});
const account = (namespace: string, name: string): JsonObject => ({
  kind: 'ServiceAccount',
  namespace,
  name,
});
const person = (kind: string): JsonObject => ({ kind, name: 'system:masters' });
const hosts = (...named: string[]): JsonObject => ({
  metadata,
  spec: { rules: named.map((host) => ({ host })) },
});
const role = (...rules: JsonObject[]): JsonObject => ({ metadata, rules });
const rule = (verbs: string[]): JsonObject => ({ apiGroups: [''], resources: ['*'], verbs });
const annotated = (value: string): JsonObject => ({
  metadata: { ...metadata, annotations: { 'nginx.ingress.kubernetes.io/auth-secret': value } },
  spec: {},
});
const service = (spec: JsonObject, of: JsonObject = metadata): JsonObject => ({ metadata: of, spec });
const policy = (...ingress: JsonObject[]): JsonObject => ({ metadata, spec: { podSelector: {}, ingress } });
const onPort = (port: number): JsonObject => ({ ports: [{ port }] });

interface Case {
  readonly what: string;
  readonly kind: Kind;
  readonly old: JsonObject;
  /** What may be done to it. */
  readonly fine: readonly JsonObject[];
  /** What is new in it, of the same sort as what was there. */
  readonly refused: readonly JsonObject[];
}

const CASES: readonly Case[] = [
  {
    what: 'a privileged container: another image, another place',
    kind: Deployment,
    old: deployment({ containers: [privileged('a', 'a:1')] }),
    fine: [
      deployment({ containers: [privileged('a', 'a:2')] }),
      deployment({ containers: [{ name: 'b', image: 'b:1' }, privileged('a', 'a:1')] }),
      deployment({ containers: [{ name: 'a', image: 'a:1' }] }),
    ],
    refused: [
      deployment({ containers: [privileged('a', 'a:1'), privileged('b', 'evil:1')] }),
      deployment({ containers: [privileged('b', 'evil:1')] }),
      deployment({ initContainers: [privileged('a', 'a:1')] }),
    ],
  },
  {
    what: 'a volume of the node',
    kind: Deployment,
    old: deployment(volumes('/var/log/app', '/var/log/more')),
    fine: [
      deployment({ ...volumes('/var/log/app', '/var/log/more'), hostname: 'h' }),
      deployment(volumes('/var/log/app')),
    ],
    refused: [
      deployment(volumes('/', '/var/log/more')),
      deployment(volumes('/var/log/app', '/var/log/more', '/')),
    ],
  },
  {
    what: 'an address that a Service takes over',
    kind: Service,
    old: service({ externalIPs: ['192.0.2.7'] }),
    fine: [service({ externalIPs: ['192.0.2.7'] }, labelled), service({})],
    refused: [service({ externalIPs: ['10.96.0.1'] }), service({ externalIPs: ['192.0.2.7', '10.96.0.1'] })],
  },
  {
    what: 'an account of another namespace',
    kind: RoleBinding,
    old: binding(account('monitoring', 'prometheus')),
    fine: [binding(account(NS, 'own'), account('monitoring', 'prometheus'))],
    refused: [
      binding(account('tn-globex', 'prometheus')),
      binding(account('monitoring', 'other')),
      binding(account('monitoring', 'prometheus'), account('tn-globex', 'prometheus')),
    ],
  },
  {
    what: 'a subject that is more than the tenant',
    kind: RoleBinding,
    old: binding(person('User')),
    fine: [binding(person('User'), { kind: 'User', name: 'dev' })],
    refused: [binding(person('Group'))],
  },
  {
    what: 'a rule with a wildcard',
    kind: Role,
    old: role(rule(['get'])),
    fine: [role({ apiGroups: [''], resources: ['pods'], verbs: ['get'] }, rule(['get']))],
    refused: [role(rule(['get', 'create'])), role(rule(['get']), rule(['get']))],
  },
  {
    what: 'a host of another tenant',
    kind: Ingress,
    old: hosts('one.globex.example'),
    fine: [
      { metadata, spec: { rules: [{ host: 'one.globex.example', http: { paths: [] } }] } },
      hosts('mine.example', 'one.globex.example'),
      { ...hosts('one.globex.example'), metadata: labelled },
    ],
    refused: [hosts('two.globex.example'), hosts('one.globex.example', 'two.globex.example')],
  },
  {
    what: 'a Secret of another tenant in an annotation',
    kind: Ingress,
    old: annotated('tn-globex/one'),
    fine: [{ ...annotated('tn-globex/one'), spec: { ingressClassName: 'nginx' } }],
    refused: [annotated('tn-globex/two')],
  },
  {
    what: 'a port that is open to every tenant',
    kind: NetworkPolicy,
    old: policy(onPort(80)),
    fine: [policy({ from: [{ podSelector: {} }] }, onPort(80)), policy()],
    refused: [policy({}), policy(onPort(80), onPort(22))],
  },
];

describe('an update of what was there before', () => {
  const world = (): ReviewWorld => {
    const made = createReviewWorld();
    made.put(Ingress, {
      metadata: { name: 'theirs', namespace: 'tn-globex' },
      spec: { rules: [{ host: 'one.globex.example' }, { host: 'two.globex.example' }] },
    });
    return made;
  };
  for (const { what, kind, old, fine, refused } of CASES) {
    it(`${what}: stays or goes, and neither changes nor gets company`, () => {
      const asked = { user: dev, kind, old };
      world().refusal({ user: dev, kind, object: old });
      for (const object of fine) world().admit({ ...asked, object });
      for (const object of refused) {
        const status = world().refusal({ ...asked, object });
        assert.equal(status.code, 403, JSON.stringify(object));
      }
    });
  }
});
