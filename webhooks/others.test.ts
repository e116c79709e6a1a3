import assert from 'node:assert/strict';
import type { JsonObject } from '../apiserver/api/json.ts';
import type { Kind } from '../apiserver/api/kind.ts';
import { Ingress } from '../apiserver/kinds/native/ingress.ts';
import { Namespace } from '../apiserver/kinds/native/namespace.ts';
import { NetworkPolicy } from '../apiserver/kinds/native/network-policy.ts';
import { PersistentVolumeClaim } from '../apiserver/kinds/native/persistent-volume-claim.ts';
import { Pod } from '../apiserver/kinds/native/pod.ts';
import { Secret } from '../apiserver/kinds/native/secret.ts';
import { ServiceAccount } from '../apiserver/kinds/native/service-account.ts';
import { Service } from '../apiserver/kinds/native/service.ts';
import { StatefulSet } from '../apiserver/kinds/native/stateful-set.ts';
import { dev } from '../test/support/policy.ts';
import { codesOf, createReviewWorld, type ReviewWorld } from '../test/support/reviews.ts';

const NS = 'tn-acme';
const made = (spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  metadata: { name: 'x', namespace: NS, ...metadata },
  spec,
});
/** `kubernetes.io/metadata.name` is there on every namespace of a cluster. */
function withNames(): ReviewWorld {
  const world = createReviewWorld();
  for (const tenant of ['acme', 'globex']) {
    const labels = {
      'kubernetes.io/metadata.name': `tn-${tenant}`,
      'polder.dev/tenant': tenant,
      'polder.dev/tenant-uid': `uid-${tenant}`,
    };
    world.put(Namespace, { metadata: { name: `tn-${tenant}`, labels } });
  }
  return world;
}

describe('other native kinds through the webhooks', () => {
  const refuses = (world: ReviewWorld, kind: Kind, object: JsonObject, code: string): void => {
    const status = world.refusal({ user: dev, kind, object });
    assert.deepEqual([...new Set(codesOf(status))], [code], JSON.stringify(object));
  };

  it('A13 A16 B34 accounts and Secrets carry no identity that was not granted', () => {
    const world = createReviewWorld();
    const account = (more: JsonObject, annotations: JsonObject = {}): JsonObject => ({
      metadata: { name: 'runner', namespace: NS, annotations },
      ...more,
    });
    world.admit({
      user: dev,
      kind: ServiceAccount,
      object: account({ imagePullSecrets: [{ name: 'registry' }] }),
    });
    const ours = [{ name: 'polder-credential-registry' }];
    refuses(world, ServiceAccount, account({ imagePullSecrets: ours }), 'CRED_NOT_GRANTED');
    refuses(world, ServiceAccount, account({ secrets: ours }), 'CRED_NOT_GRANTED');
    for (const key of [
      'eks.amazonaws.com/role-arn',
      'iam.gke.io/gcp-service-account',
      'azure.workload.identity/client-id',
    ]) {
      refuses(world, ServiceAccount, account({}, { [key]: 'x' }), 'IDENTITY_SPOOF');
    }
    const token = { metadata: { name: 't', namespace: NS }, type: 'kubernetes.io/service-account-token' };
    refuses(world, Secret, token, 'SA_NOT_GRANTED');
    world.admit({ user: dev, kind: Secret, object: { ...token, type: 'Opaque' } });
  });

  it('A17 tokens are asked for by accounts of the tenant, for audiences that are not ours', () => {
    const world = createReviewWorld();
    const ask = (name: string, spec: JsonObject): readonly string[] => {
      const object = { metadata: { name, namespace: NS }, spec };
      const answer = world.ask('isolate', { user: dev, kind: ServiceAccount, subresource: 'token', object });
      return answer.status === undefined ? [] : codesOf(answer.status);
    };
    assert.deepEqual(
      ask('runner', { audiences: ['https://kubernetes.default.svc'], expirationSeconds: 3600 }),
      [],
    );
    assert.deepEqual(ask('polder-tenant', {}), ['SA_NOT_GRANTED']);
    assert.deepEqual(ask('runner', { audiences: ['polder'] }), ['SA_NOT_GRANTED']);
    assert.deepEqual(ask('runner', { audiences: ['hub.polder.dev'] }), ['SA_NOT_GRANTED']);
    assert.deepEqual(ask('runner', { expirationSeconds: 10 * 86_400 }), ['SA_NOT_GRANTED']);
  });

  it('A22 A23 claims choose no volume and copy from nobody else, wherever they are described', () => {
    const world = createReviewWorld();
    const fine = { storageClassName: 'standard', resources: { requests: { storage: '1Gi' } } };
    const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
    world.admit({ user: dev, kind: PersistentVolumeClaim, object: made(fine) });
    // P21 a restore from a snapshot of one's own
    world.admit({ user: dev, kind: PersistentVolumeClaim, object: made({ ...fine, dataSource: snapshot }) });
    world.admit({
      user: dev,
      kind: PersistentVolumeClaim,
      object: made({ ...fine, dataSourceRef: { ...snapshot, namespace: NS } }),
    });
    for (const bad of [
      { selector: { matchLabels: { a: 'b' } } },
      { selector: {} },
      { volumeName: 'pv-1' },
      { dataSourceRef: { ...snapshot, namespace: 'tn-globex' } },
      { dataSourceRef: { ...snapshot, namespace: 'nowhere' } },
    ]) {
      const spec = { ...fine, ...bad };
      refuses(world, PersistentVolumeClaim, made(spec), 'CROSS_TENANT_REF');
      const ephemeral = { name: 'v', ephemeral: { volumeClaimTemplate: { spec } } };
      refuses(world, Pod, made({ containers: [], volumes: [ephemeral] }), 'CROSS_TENANT_REF');
      const set = {
        template: { spec: { containers: [] } },
        volumeClaimTemplates: [{ metadata: { name: 'd' }, spec }],
      };
      refuses(world, StatefulSet, made(set), 'CROSS_TENANT_REF');
    }
    // P20 a StatefulSet with claims of its own
    const set = {
      template: { spec: { containers: [] } },
      volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: fine }],
    };
    world.admit({ user: dev, kind: StatefulSet, object: made(set) });
  });

  it('D57 Services take no foreign address, lead to no foreign Service and open no port that was not granted', () => {
    const world = createReviewWorld();
    world.admit({ user: dev, kind: Service, object: made({ type: 'ClusterIP', ports: [{ port: 80 }] }) });
    const alias = (externalName: string): JsonObject => made({ type: 'ExternalName', externalName });
    world.admit({ user: dev, kind: Service, object: alias('db.example.com') });
    world.admit({ user: dev, kind: Service, object: alias('db.tn-acme.svc.cluster.local') });
    for (const name of [
      'db.tn-globex.svc',
      'DB.tn-globex.SVC.cluster.local.',
      'a.db.tn-globex.svc',
      'kubernetes.default.svc',
    ]) {
      refuses(world, Service, alias(name), 'CROSS_TENANT_REF');
    }
    refuses(world, Service, made({ externalIPs: ['10.0.0.1'] }), 'HOST_NOT_OWNED');
    refuses(world, Service, made({ type: 'NodePort' }), 'NOT_GRANTED');
    refuses(world, Service, made({ type: 'LoadBalancer' }), 'NOT_GRANTED');
    const subjects = [{ kind: 'User', name: 'dev' }];
    world.addPolicy(NS, 'exposure', { effect: 'Allow', subjects, actions: ['services.core:expose'] });
    world.admit({ user: dev, kind: Service, object: made({ type: 'LoadBalancer' }) });
  });

  it('D52 D53 Ingresses answer for hosts of their own, and leave the controller alone', () => {
    const world = createReviewWorld();
    const ingress = (host: string, more: JsonObject = {}, annotations: JsonObject = {}): JsonObject =>
      made({ rules: [{ host }], ...more }, { annotations });
    const theirs = {
      metadata: { name: 'i', namespace: 'tn-globex' },
      spec: { rules: [{ host: 'shop.example.com' }, { host: '*.apps.example.com' }] },
    };
    world.put(Ingress, theirs);
    // P12 a host and certificate of one's own, and a wildcard below it
    world.admit({
      user: dev,
      kind: Ingress,
      object: ingress('mine.example.com', { tls: [{ secretName: 'tls', hosts: ['mine.example.com'] }] }),
    });
    world.admit({ user: dev, kind: Ingress, object: ingress('*.mine.example.com') });
    for (const host of [
      'shop.example.com',
      'SHOP.example.com',
      'shop.example.com.',
      'x.apps.example.com',
      '*.apps.example.com',
      '*.example.com',
    ]) {
      refuses(world, Ingress, ingress(host), 'HOST_NOT_OWNED');
      refuses(world, Ingress, ingress('mine.example.com', { tls: [{ hosts: [host] }] }), 'HOST_NOT_OWNED');
    }
    refuses(world, Ingress, made({ rules: [{ http: {} }] }), 'HOST_NOT_OWNED');
    refuses(world, Ingress, made({ defaultBackend: { service: { name: 's' } } }), 'HOST_NOT_OWNED');
    refuses(
      world,
      Ingress,
      ingress('mine.example.com', { tls: [{ secretName: 'polder-credential-tls' }] }),
      'CRED_NOT_GRANTED',
    );
    const snippet = { 'nginx.ingress.kubernetes.io/configuration-snippet': 'x' };
    refuses(world, Ingress, ingress('mine.example.com', {}, snippet), 'RESERVED_METADATA');
    const secret = { 'nginx.ingress.kubernetes.io/auth-secret': 'tn-globex/users' };
    refuses(world, Ingress, ingress('mine.example.com', {}, secret), 'CROSS_TENANT_REF');
  });

  it('D59 NetworkPolicies open pods to the tenant and to named addresses only', () => {
    const world = withNames();
    const policy = (...ingress: JsonObject[]): JsonObject =>
      made({ podSelector: {}, policyTypes: ['Ingress'], ingress });
    const from = (namespaceSelector: JsonObject): JsonObject => ({ from: [{ namespaceSelector }] });
    for (const fine of [
      from({ matchLabels: { 'kubernetes.io/metadata.name': 'tn-acme' } }),
      from({ matchLabels: { 'polder.dev/tenant-uid': 'uid-acme' } }),
      from({ matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } }),
      { from: [{ podSelector: {} }] },
      { from: [{ ipBlock: { cidr: '10.1.0.0/16' } }] },
    ]) {
      world.admit({ user: dev, kind: NetworkPolicy, object: policy(fine) });
    }
    for (const bad of [
      {},
      { from: [] },
      from({}),
      from({ matchLabels: { 'kubernetes.io/metadata.name': 'tn-globex' } }),
      from({ matchExpressions: [{ key: 'polder.dev/tenant', operator: 'Exists' }] }),
      from({ matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['x'] }] }),
      { from: [{ ipBlock: { cidr: '0.0.0.0/0' } }] },
    ]) {
      refuses(world, NetworkPolicy, policy(bad), 'CROSS_TENANT_REF');
    }
  });

  it('B31 a system namespace that carries the labels of a tenant stays nobody’s', () => {
    const world = createReviewWorld();
    const labels = { 'polder.dev/tenant': 'acme', 'polder.dev/tenant-uid': 'uid-acme' };
    for (const name of ['kube-system', 'polder-system']) world.put(Namespace, { metadata: { name, labels } });
    assert.equal(world.engine.tenantOf('kube-system'), undefined);
    assert.equal(world.can(dev, 'create', 'pods', 'kube-system'), false);
  });
});
