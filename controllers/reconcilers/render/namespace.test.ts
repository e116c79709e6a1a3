import assert from 'node:assert/strict';
import { at, type JsonObject } from '../../../apiserver/api/json.ts';
import { effectiveQuota, renderNamespace, type NamespaceSlice } from './namespace.ts';

const slice = (changes: Partial<NamespaceSlice> = {}): NamespaceSlice => ({
  namespace: 'tenant-acme-main',
  tenant: { name: 'acme', uid: 'u-1' },
  cluster: 'main',
  quota: { cpu: '8', memory: '16Gi', storage: '100Gi', gpu: '0', pods: 100 },
  networkMode: 'DefaultDeny',
  suspended: false,
  retained: false,
  ...changes,
});
const named = (manifests: readonly JsonObject[]): string[] =>
  manifests.map((each) => [at(each, 'kind'), at(each, 'metadata.name')].join('/'));
const find = (manifests: readonly JsonObject[], kind: string): JsonObject =>
  manifests.find((each) => each['kind'] === kind) ?? {};

describe('rendering of a namespace slice', () => {
  it('holds everything a tenant gets on a plane, in apply order', () => {
    assert.deepEqual(named(renderNamespace(slice())), [
      'Namespace/tenant-acme-main',
      'ServiceAccount/polder-tenant',
      'RoleBinding/polder-tenant',
      'ResourceQuota/polder-tenant',
      'LimitRange/polder-tenant',
      'NetworkPolicy/polder-allow-dns',
      'NetworkPolicy/polder-default-deny',
    ]);
  });

  it('is the same bytes for the same input', () => {
    const first = JSON.stringify(renderNamespace(slice()));
    const again = JSON.stringify(renderNamespace(structuredClone(slice())));

    assert.equal(first, again);
  });

  it('D12 never leaves its namespace and ties it to the tenant', () => {
    const [namespace, ...others] = renderNamespace(slice());

    assert.equal(at(namespace, 'metadata.labels')?.['polder.dev/tenant' as keyof object], 'acme');
    assert.equal(at(namespace, 'metadata.labels')?.['polder.dev/tenant-uid' as keyof object], 'u-1');
    for (const each of others) assert.equal(at(each, 'metadata.namespace'), 'tenant-acme-main');
  });

  it('B8 closes all traffic and opens DNS', () => {
    const manifests = renderNamespace(slice());
    const deny = manifests.find((each) => at(each, 'metadata.name') === 'polder-default-deny') ?? {};

    assert.deepEqual(deny['spec'], { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    assert.equal(
      named(renderNamespace(slice({ networkMode: 'Open' }))).some((name) => name.startsWith('NetworkPolicy')),
      false,
    );
  });

  it('D20 lets nothing run while suspended, and changes nothing else', () => {
    const before = renderNamespace(slice());
    const suspended = renderNamespace(slice({ suspended: true }));

    assert.equal(at(find(suspended, 'ResourceQuota'), 'spec.hard')?.['pods' as keyof object], '0');
    const others = (manifests: readonly JsonObject[]): unknown =>
      manifests.filter((each) => each['kind'] !== 'ResourceQuota');
    assert.deepEqual(others(suspended), others(before));
  });

  it('A16 keeps what is retained closed: no identity, no access, no pods, no traffic', () => {
    const retained = renderNamespace(slice({ retained: true, networkMode: 'Open' }));

    assert.deepEqual(named(retained), [
      'Namespace/tenant-acme-main',
      'ResourceQuota/polder-tenant',
      'LimitRange/polder-tenant',
      'NetworkPolicy/polder-allow-dns',
      'NetworkPolicy/polder-default-deny',
    ]);
    assert.equal(at(find(retained, 'ResourceQuota'), 'spec.hard')?.['pods' as keyof object], '0');
  });

  it('takes the smaller of what the cluster wants and the tenant has', () => {
    const tenant = { cpu: '8', memory: '16Gi', storage: '100Gi', gpu: 0, pods: 100 };

    assert.deepEqual(effectiveQuota(tenant, { cpu: '2500m', memory: '32Gi', pods: 10 }), {
      cpu: '2500m',
      memory: '16Gi',
      storage: '100Gi',
      gpu: '0',
      pods: 10,
    });
  });

  it('makes a legal label of a name that is too long for one', () => {
    const namespace = renderNamespace(slice({ cluster: `${'a'.repeat(62)}.b` }))[0];
    const label = String(at(namespace, 'metadata.labels')?.['polder.dev/data-cluster' as keyof object]);

    assert.match(label, /^[a-z0-9]([-a-z0-9_.]*[a-z0-9])?$/);
    assert.ok(label.length <= 63);
  });
});
