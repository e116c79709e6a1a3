/** The role that tenants have on a plane, against what is replayed there and what must never be in a tenant's hand. */
import assert from 'node:assert/strict';
import type { JsonObject } from '../../apiserver/api/json.ts';
import { NATIVE_KINDS } from '../../apiserver/kinds/native/index.ts';
import { TENANT_EDITOR, TENANT_EDITOR_ROLE } from '../../apiserver/tenant-editor-role.ts';
import { TENANT_CLUSTER_ROLE } from '../../controllers/reconcilers/render/namespace.ts';
import { replayableKinds } from '../../controllers/replica/kind-order.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
const RULES = TENANT_EDITOR_ROLE['rules'] as readonly JsonObject[] as unknown as readonly Rule[];
const verbsOn = (group: string, resource: string): readonly string[] =>
  RULES.filter((rule) => rule.apiGroups.includes(group) && rule.resources.includes(resource)).flatMap(
    ({ verbs }) => verbs,
  );
/** Bounds of the tenant, which only the agent itself may set. */
const BOUNDS = new Set([
  'Namespace',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ResourceQuota',
  'LimitRange',
  'NetworkPolicy',
]);

describe('role of tenants on a plane', () => {
  it('is the one that the slice of a data cluster refers to', () => {
    assert.equal(TENANT_EDITOR, TENANT_CLUSTER_ROLE);
  });

  it('writes every kind that is replayed, but nothing that bounds the tenant', () => {
    for (const { group, kind, plural } of replayableKinds().values()) {
      const writes = verbsOn(group, plural).includes('patch');
      assert.equal(writes, !BOUNDS.has(kind), plural);
    }
  });

  it('names resources that are served, no wildcard, and does not read Secrets or act in pods', () => {
    const served = new Set(NATIVE_KINDS.map(({ group, plural }) => `${group}/${plural}`));
    for (const { apiGroups, resources, verbs } of RULES) {
      assert.ok(![...apiGroups, ...resources, ...verbs].includes('*'));
      for (const resource of resources)
        assert.ok(served.has(`${apiGroups[0]}/${resource.split('/')[0]}`), resource);
    }
    assert.deepEqual([...verbsOn('', 'secrets')].sort(), ['create', 'delete', 'patch', 'update']);
    assert.deepEqual(verbsOn('', 'pods'), ['get', 'list', 'watch']);
  });
});
