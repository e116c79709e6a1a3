import assert from 'node:assert/strict';
import type { JsonObject } from '../api/json.ts';
import { AccessPolicy } from '../kinds/access-policy.ts';
import { AccessRole } from '../kinds/access-role.ts';
import { ClusterAccessPolicy } from '../kinds/cluster-access-policy.ts';
import { Compute } from '../kinds/compute.ts';
import { Credential } from '../kinds/credential.ts';
import { DataCluster } from '../kinds/data-cluster.ts';
import { DataPlane } from '../kinds/data-plane.ts';
import { DataProduct } from '../kinds/data-product.ts';
import { Depot } from '../kinds/depot.ts';
import { Namespace } from '../kinds/native/namespace.ts';
import { PlaneWork } from '../kinds/plane-work.ts';
import { Stack } from '../kinds/stack.ts';
import { Tenant } from '../kinds/tenant.ts';
import { MAX_TENANT_RULES } from '../policy/rules/policy-validity.ts';
import { createAdmissionWorld, type AdmissionWorld } from '../../test/support/admission.ts';
import { ann, controllers, dev, gil, group, op, person, root, user } from '../../test/support/policy.ts';

const inAcme = (name: string, spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  metadata: { namespace: 'tn-acme', name, ...metadata },
  spec,
});
const policy = (spec: JsonObject, namespace = 'tn-acme'): JsonObject => ({
  metadata: { namespace, name: 'p' },
  spec,
});
const credential = (name: string, acl = 'r'): JsonObject =>
  inAcme(name, { type: 'token', source: 'Generated', acl });
const depot = (credentials: readonly JsonObject[]): JsonObject =>
  inAcme('pg', { type: 'Postgres', connection: {}, credentials: [...credentials] });
const uses = (name: string, purpose = 'scan', tenant?: string): JsonObject => ({
  purpose,
  ref: { name, ...(tenant === undefined ? {} : { tenant }) },
});

describe('admission', () => {
  let world: AdmissionWorld;
  beforeEach(() => {
    world = createAdmissionWorld();
  });

  describe('references', () => {
    it('D8 refuses a depot whose credential is missing, on its path, and takes it once it exists', async () => {
      const object = depot([uses('key')]);

      const refusal = await world.refusal({ user: dev, kind: Depot, object });

      assert.equal(refusal.code, 422);
      assert.equal(refusal.details?.causes?.[0]?.field, 'spec.credentials[0].ref.name');
      world.put(Credential, credential('key'));
      await world.admit({ user: dev, kind: Depot, object });
    });

    it('D8 refuses a read-only credential for writing', async () => {
      world.put(Credential, credential('key', 'r'));
      world.put(Credential, credential('writer', 'rw'));

      const refusal = await world.refusal({ user: dev, kind: Depot, object: depot([uses('key', 'rw')]) });

      assert.equal(refusal.code, 422);
      assert.equal(refusal.details?.causes?.[0]?.field, 'spec.credentials[0].purpose');
      await world.admit({ user: dev, kind: Depot, object: depot([uses('writer', 'rw')]) });
    });

    it('D5 refuses a credential of another tenant and names that tenant, whether it exists or not', async () => {
      world.put(Credential, { metadata: { namespace: 'tn-globex', name: 'pg' }, spec: { acl: 'r' } });

      const foreign = await world.refusal({
        user: dev,
        kind: Depot,
        object: depot([uses('pg', 'scan', 'globex')]),
      });
      const nowhere = await world.refusal({
        user: dev,
        kind: Depot,
        object: depot([uses('pg', 'scan', 'nothere')]),
      });

      assert.equal(foreign.code, 403);
      assert.match(foreign.message, /tenant "globex"/);
      assert.equal(foreign.message.replaceAll('globex', 'nothere'), nowhere.message);
    });

    it('D5 never falls back to an object of the same name elsewhere', async () => {
      world.put(Credential, { metadata: { namespace: 'default', name: 'key' }, spec: { acl: 'rw' } });
      world.put(Credential, { metadata: { namespace: 'tn-globex', name: 'key' }, spec: { acl: 'rw' } });

      assert.equal((await world.refusal({ user: dev, kind: Depot, object: depot([uses('key')]) })).code, 422);
    });

    it('D6 lets a tenant use a depot that is shared with it by name, and only that one', async () => {
      const product = (name: string): JsonObject =>
        inAcme('prod', { inputs: [{ depot: { tenant: 'globex', name } }], resources: [] });
      for (const name of ['pg', 'other']) {
        world.put(Depot, { metadata: { namespace: 'tn-globex', name }, spec: {} });
      }
      const attempt = (name: string): Parameters<AdmissionWorld['admit']>[0] => ({
        user: dev,
        kind: DataProduct,
        object: product(name),
      });
      assert.match((await world.refusal(attempt('pg'))).message, /does not share it/);

      world.addPolicy('tn-globex', 'share', {
        effect: 'Allow',
        subjects: [{ kind: 'Tenant', name: 'acme' }],
        actions: ['depots:use'],
        resources: [{ names: ['pg'] }],
      });

      await world.admit(attempt('pg'));
      const other = await world.refusal(attempt('other'));
      const nothing = await world.refusal(attempt('nothing'));
      assert.equal(other.code, 403);
      assert.equal(other.message.replaceAll('other', 'nothing'), nothing.message);
      world.remove(AccessPolicy, 'tn-globex', 'share');
      assert.equal((await world.refusal(attempt('pg'))).code, 403);
    });

    it('refuses a reference that the author may not use, and does not ask again about old ones', async () => {
      world.put(Credential, credential('key'));
      world.addPolicy('tn-acme', 'no-use', {
        effect: 'Deny',
        subjects: [group('acme-developers')],
        actions: ['credentials:use'],
      });
      const object = depot([uses('key')]);

      assert.equal((await world.refusal({ user: dev, kind: Depot, object })).code, 403);
      await world.admit({ user: ann, kind: Depot, object });
      const labelled = { ...object, metadata: { namespace: 'tn-acme', name: 'pg', labels: { team: 'x' } } };
      await world.admit({ user: dev, kind: Depot, object: labelled, old: object });
    });

    it('D13 shows a pool to the tenants it is opened to, and to others not even that it exists', async () => {
      world.put(Compute, { metadata: { name: 'gpu' }, spec: { dataPlaneRef: 'eu1', tenants: ['acme'] } });
      world.put(Stack, { metadata: { name: 'vulcan' }, spec: {} });
      world.addPolicy('tn-globex', 'developers', {
        effect: 'Allow',
        subjects: [person('gdev')],
        roleRef: { name: 'data-developer' },
      });
      const product = (tenant: string, compute: string): JsonObject => ({
        metadata: { namespace: `tn-${tenant}`, name: 'prod' },
        spec: { resources: [{ id: 'a', stack: 'vulcan:1.0', compute, depots: [] }] },
      });
      const attempt = (
        who: typeof dev,
        tenant: string,
        compute: string,
      ): Parameters<AdmissionWorld['admit']>[0] => ({
        user: who,
        kind: DataProduct,
        object: product(tenant, compute),
      });

      await world.admit(attempt(dev, 'acme', 'gpu'));
      const closed = await world.refusal(attempt(user('gdev'), 'globex', 'gpu'));
      const missing = await world.refusal(attempt(user('gdev'), 'globex', 'cpu'));
      assert.equal(closed.code, 403);
      assert.equal(closed.message.replaceAll('gpu', 'cpu'), missing.message);
    });
  });

  describe('placement', () => {
    const cluster = (dataPlaneRef: string): JsonObject => inAcme('c1', { dataPlaneRef });
    const plane = (name: string, spec: JsonObject, labels: JsonObject = {}): void =>
      world.put(DataPlane, { metadata: { name, labels }, spec: { roles: ['runtime'], ...spec } });
    const tenant = (spec: JsonObject, labels: JsonObject = {}): void =>
      world.put(Tenant, { metadata: { name: 'acme', uid: 'uid-acme', labels }, spec });

    it('A18 refuses a plane outside the residency of the tenant and says why', async () => {
      plane('us1', { region: 'us' });
      plane('eu1', { region: 'eu' });
      tenant({ placement: { regions: ['eu'] } });

      const refusal = await world.refusal({ user: dev, kind: DataCluster, object: cluster('us1') });

      assert.equal(refusal.code, 403);
      assert.match(refusal.message, /region "us" and the tenant requires eu/);
      await world.admit({ user: dev, kind: DataCluster, object: cluster('eu1') });
    });

    it('E66 treats a plane that is not open to the tenant like one that does not exist', async () => {
      plane('vip', { allowedTenants: { matchLabels: { tier: 'gold' } } });

      const closed = await world.refusal({ user: dev, kind: DataCluster, object: cluster('vip') });
      const missing = await world.refusal({ user: dev, kind: DataCluster, object: cluster('vap') });

      assert.equal(closed.code, 403);
      assert.equal(closed.message.replaceAll('vip', 'vap'), missing.message);
      tenant({}, { tier: 'gold' });
      await world.admit({ user: dev, kind: DataCluster, object: cluster('vip') });
    });

    it('keeps new clusters from a cordoned plane and leaves placed ones alone', async () => {
      plane('eu1', { cordoned: true });

      assert.match(
        (await world.refusal({ user: dev, kind: DataCluster, object: cluster('eu1') })).message,
        /cordoned/,
      );
      await world.admit({ user: dev, kind: DataCluster, object: cluster('eu1'), old: cluster('eu1') });
    });

    it('O1 refuses a plane without the runtime role', async () => {
      plane('wf', { roles: ['workflow'] });

      assert.match(
        (await world.refusal({ user: dev, kind: DataCluster, object: cluster('wf') })).message,
        /role "runtime"/,
      );
    });
  });

  describe('policies', () => {
    const allow = (actions: readonly string[], more: JsonObject = {}): JsonObject =>
      policy({ effect: 'Allow', subjects: [person('pat')], actions: [...actions], ...more });

    it('D3 lets an administrator hand out a role she holds, and nothing she lacks', async () => {
      const role = policy({
        effect: 'Allow',
        subjects: [person('dev')],
        roleRef: { name: 'data-developer' },
      });
      await world.admit({ user: ann, kind: AccessPolicy, object: role });

      const refusal = await world.refusal({
        user: ann,
        kind: AccessPolicy,
        object: allow(['secrets.core:get']),
      });

      assert.equal(refusal.code, 403);
      assert.equal(refusal.details?.causes?.[0]?.reason, 'ESCALATION');
      assert.match(refusal.message, /cannot grant what ann does not hold here: secrets:get/);
    });

    it('D3 compares wildcards, names and conditions with what the author holds', async () => {
      world.addPolicy('tn-acme', 'narrow', {
        effect: 'Allow',
        subjects: [person('nia')],
        actions: ['depots:get', 'accesspolicies:create'],
        resources: [{ kinds: ['depots'], names: ['team-*'] }, { kinds: ['accesspolicies'] }],
      });
      world.addPolicy('tn-acme', 'conditional', {
        effect: 'Allow',
        subjects: [person('nia')],
        actions: ['credentials:get'],
        condition: { eq: { attribute: 'spec.type', value: 'token' } },
      });
      const nia = user('nia');
      const named = (names: readonly string[]): JsonObject =>
        allow(['depots:get'], { resources: [{ names: [...names] }] });

      await world.admit({ user: nia, kind: AccessPolicy, object: named(['team-a', 'team-b*']) });
      for (const object of [
        named(['*']),
        named(['tea*']),
        allow(['depots:*']),
        allow(['*:get']),
        allow(['credentials:get']),
      ]) {
        const refusal = await world.refusal({ user: nia, kind: AccessPolicy, object });
        assert.equal(refusal.details?.causes?.[0]?.reason, 'ESCALATION', JSON.stringify(object));
      }
      await world.admit({
        user: nia,
        kind: AccessPolicy,
        object: allow(['credentials:get'], { condition: { eq: { attribute: 'spec.type', value: 'token' } } }),
      });
    });

    it('D3 does not let an action that was refused to the author be granted', async () => {
      world.addPolicy('tn-acme', 'deny', {
        effect: 'Deny',
        subjects: [group('acme-admins')],
        actions: ['credentials:*'],
      });

      assert.equal(
        (await world.refusal({ user: ann, kind: AccessPolicy, object: allow(['credentials:get']) })).code,
        403,
      );
      await world.admit({ user: ann, kind: AccessPolicy, object: allow(['depots:get']) });
    });

    it('C45 keeps operators from granting tenants’ actions and from making themselves components', async () => {
      const cap = (spec: JsonObject): JsonObject => ({ metadata: { name: 'cap' }, spec });
      const self = cap({
        effect: 'Allow',
        subjects: [person('op')],
        roleRef: { name: 'polder-controllers' },
      });
      const component = cap({
        effect: 'Allow',
        subjects: [{ kind: 'ServiceAccount', namespace: 'polder-system', name: 'mine' }],
        actions: ['tenants:get'],
      });
      const agents = cap({ effect: 'Allow', subjects: [group('polder:agents')], actions: ['tenants:get'] });

      for (const object of [self, component, agents]) {
        const refusal = await world.refusal({ user: op, kind: ClusterAccessPolicy, object });
        assert.equal(refusal.details?.causes?.[0]?.reason, 'ESCALATION');
      }
      await world.admit({ user: root, kind: ClusterAccessPolicy, object: component });
      await world.admit({
        user: op,
        kind: ClusterAccessPolicy,
        object: cap({ effect: 'Allow', subjects: [person('pat')], actions: ['dataplanes:get'] }),
      });
    });

    it('refuses words that mean nothing, each on its path', async () => {
      const object = allow(['depots:get', 'depot:get', 'depots:frobnicate']);

      const refusal = await world.refusal({ user: ann, kind: AccessPolicy, object });

      assert.equal(refusal.code, 422);
      const fields = refusal.details?.causes?.map((cause) => cause.field);
      assert.deepEqual(fields, ['spec.actions[1]', 'spec.actions[2]']);
      const kinds = allow(['depots:get'], { resources: [{ kinds: ['Depot'] }] });
      assert.equal((await world.refusal({ user: ann, kind: AccessPolicy, object: kinds })).code, 422);
      const role = { metadata: { name: 'r' }, spec: { actions: ['nothing:get'] } };
      assert.equal((await world.refusal({ user: op, kind: AccessRole, object: role })).code, 422);
    });

    it('refuses a policy that covers nothing, a missing role, and anonymous subjects', async () => {
      const nothing = allow(['depots:get'], { resources: [{ kinds: ['credentials'] }] });
      const role = policy({ effect: 'Allow', subjects: [person('pat')], roleRef: { name: 'no-such-role' } });
      const anonymous = policy({
        effect: 'Allow',
        subjects: [group('system:unauthenticated')],
        actions: ['depots:get'],
      });

      for (const object of [nothing, role, anonymous]) {
        assert.equal((await world.refusal({ user: ann, kind: AccessPolicy, object })).code, 422);
      }
    });

    it('accepts a policy only when its own expectations hold', async () => {
      const expecting = (expect: string): JsonObject =>
        allow(['depots:get'], {
          tests: [{ name: 't', user: 'pat', groups: [], action: 'depots:get', object: 'pg', expect }],
        });

      const refusal = await world.refusal({ user: ann, kind: AccessPolicy, object: expecting('Deny') });

      assert.equal(refusal.details?.causes?.[0]?.field, 'spec.tests[0].expect');
      await world.admit({ user: ann, kind: AccessPolicy, object: expecting('Allow') });
    });

    it('refuses more rules than a tenant may have', async () => {
      const names = Array.from({ length: MAX_TENANT_RULES + 1 }, (_, index) => `n${index}`);
      const object = allow(['depots:get'], { resources: [{ names }] });

      const refusal = await world.refusal({ user: ann, kind: AccessPolicy, object });

      assert.equal(refusal.code, 422);
      assert.match(refusal.message, new RegExp(`may have ${MAX_TENANT_RULES}`));
    });
  });

  describe('what only our components write', () => {
    it('X5 refuses a status written by anybody else', async () => {
      const object = depot([]);
      for (const who of [ann, op, root]) {
        const refusal = await world.refusal({
          user: who,
          kind: Depot,
          subresource: 'status',
          object,
          old: object,
        });
        assert.equal(refusal.code, 403);
      }
      await world.admit({ user: controllers, kind: Depot, subresource: 'status', object, old: object });
    });

    it('keeps plane works read-only for users', async () => {
      const object = inAcme('w', { dataPlane: 'eu1' });

      assert.equal((await world.refusal({ user: ann, kind: PlaneWork, object })).code, 403);
      const remove = { kind: PlaneWork, operation: 'DELETE', old: object } as const;
      assert.equal((await world.refusal({ user: ann, ...remove })).code, 403);
      await world.admit({ user: root, ...remove });
    });

    it('B36 refuses labels, annotations and finalizers of ours in every position, added, changed or removed', async () => {
      const plain = inAcme('pg', { type: 'Postgres', connection: {} });
      const marked: readonly JsonObject[] = [
        { labels: { 'polder.dev/tenant': 'globex' } },
        { labels: { 'polder.dev/tenant-uid': 'uid-globex' } },
        { labels: { 'data.polder.dev/x': '' } },
        { annotations: { 'POLDER.dev/x': '' } },
        { finalizers: ['polder.dev/cleanup'] },
      ].map((metadata) => inAcme('pg', { type: 'Postgres', connection: {} }, metadata));

      for (const object of marked) {
        assert.equal(
          (await world.refusal({ user: ann, kind: Depot, object })).code,
          403,
          JSON.stringify(object),
        );
        assert.equal((await world.refusal({ user: ann, kind: Depot, object, old: plain })).code, 403);
        assert.equal((await world.refusal({ user: ann, kind: Depot, object: plain, old: object })).code, 403);
        await world.admit({ user: ann, kind: Depot, object, old: object });
        await world.admit({ user: controllers, kind: Depot, object });
      }
      const own = inAcme(
        'pg',
        { type: 'Postgres', connection: {} },
        {
          labels: { 'notpolder.dev/x': '', team: 'a', __proto__x: '' },
          annotations: { 'polder.dev/rotate-at': 'now' },
        },
      );
      await world.admit({ user: ann, kind: Depot, object: own });
    });

    it('B30 refuses to tie a namespace to a tenant and to make one that looks like a tenant’s', async () => {
      const labels = { 'polder.dev/tenant': 'acme', 'polder.dev/tenant-uid': 'uid-acme' };

      for (const metadata of [{ name: 'x', labels }, { name: 'tn-evil' }, { name: 'tenant-evil' }]) {
        assert.equal((await world.refusal({ user: root, kind: Namespace, object: { metadata } })).code, 403);
      }
      await world.admit({ user: root, kind: Namespace, object: { metadata: { name: 'plain' } } });
      await world.admit({
        user: controllers,
        kind: Namespace,
        object: { metadata: { name: 'tn-new', labels } },
      });
    });

    it('keeps tenants’ kinds in the namespace of the tenant', async () => {
      const object = { metadata: { namespace: 'default', name: 'pg' }, spec: {} };

      const refusal = await world.refusal({ user: root, kind: Depot, object });

      assert.equal(refusal.code, 403);
      assert.match(refusal.message, /belong into the namespace of a tenant/);
    });
  });

  describe('tenants that are suspended or going away', () => {
    it('D20 refuses creates and updates, allows deletes, and lets controllers work', async () => {
      world.put(Tenant, { metadata: { name: 'acme', uid: 'uid-acme' }, spec: { suspended: true } });
      const object = depot([]);

      for (const attempt of [{ object }, { object, old: object }]) {
        const refusal = await world.refusal({ user: dev, kind: Depot, ...attempt });
        assert.equal(refusal.code, 403);
        assert.match(refusal.message, /TenantSuspended/);
      }
      await world.admit({ user: dev, kind: Depot, operation: 'DELETE', old: object });
      await world.admit({ user: controllers, kind: Depot, object, old: object });
      assert.equal(world.can(dev, 'get', 'depots', 'tn-acme', 'pg'), true);
    });

    it('accepts nothing new in a tenant that is being deleted', async () => {
      world.put(Tenant, {
        metadata: { name: 'acme', uid: 'uid-acme', deletionTimestamp: '2026-01-01T00:00:00Z' },
        spec: {},
      });

      assert.match(
        (await world.refusal({ user: dev, kind: Depot, object: depot([]) })).message,
        /being deleted/,
      );
    });
  });

  describe('deletion', () => {
    const remove = (
      kind: typeof Credential | typeof DataPlane,
      old: JsonObject,
      who = ann,
    ): Parameters<AdmissionWorld['admit']>[0] => ({
      user: who,
      kind,
      operation: 'DELETE',
      old,
    });

    it('O11 refuses to delete what is used, lists the users, and lets go when the last one is leaving', async () => {
      const key = credential('key');
      world.put(Credential, key);
      world.put(Depot, depot([uses('key')]));

      const refusal = await world.refusal(remove(Credential, key));

      assert.equal(refusal.code, 403);
      assert.match(refusal.message, /DeletionBlocked: still used by Depot "pg"/);
      await world.admit(remove(Credential, key, controllers));
      world.put(Depot, {
        ...depot([uses('key')]),
        metadata: { namespace: 'tn-acme', name: 'pg', deletionTimestamp: '2026-01-01T00:00:00Z' },
      });
      await world.admit(remove(Credential, key));
    });

    it('O11 tells an operator how many objects of which tenant use a plane, not their names', async () => {
      const eu1 = { metadata: { name: 'eu1' }, spec: {} };
      world.put(DataPlane, eu1);
      world.put(DataCluster, inAcme('secret-project', { dataPlaneRef: 'eu1' }));

      const refusal = await world.refusal(remove(DataPlane as never, eu1, op));

      assert.match(refusal.message, /1 dataclusters of tenant "acme"/);
      assert.doesNotMatch(refusal.message, /secret-project/);
    });

    it('does not mistake an object of the same name in another tenant for a user', async () => {
      world.put(Depot, depot([uses('key')]));
      const other = { metadata: { namespace: 'tn-globex', name: 'key' }, spec: {} };

      await world.admit(remove(Credential, other, gil));
    });
  });

  describe('access with the object at hand', () => {
    it('O14 decides conditions on the object as it would be written', async () => {
      world.addPolicy('tn-acme', 'only-token', {
        effect: 'Allow',
        subjects: [person('pat')],
        actions: ['credentials:create', 'credentials:update'],
        condition: { eq: { attribute: 'spec.type', value: 'token' } },
      });
      const pat = user('pat');
      const basic = inAcme('key', { type: 'basic', source: 'Generated' });

      await world.admit({ user: pat, kind: Credential, object: credential('key') });
      assert.equal((await world.refusal({ user: pat, kind: Credential, object: basic })).code, 403);
      assert.equal(
        (await world.refusal({ user: pat, kind: Credential, object: basic, old: credential('key') })).code,
        403,
      );
    });

    it('holds a refusal about names against a create whose name came with the body', async () => {
      world.addPolicy('tn-acme', 'protect', {
        effect: 'Deny',
        subjects: [group('acme-developers')],
        actions: ['depots:*'],
        resources: [{ names: ['prod-*'] }],
      });
      const named = (name: string): JsonObject => inAcme(name, { type: 'Postgres', connection: {} });

      await world.admit({ user: dev, kind: Depot, object: named('test-1') });
      const refusal = await world.refusal({ user: dev, kind: Depot, object: named('prod-1') });
      assert.match(refusal.message, /denied by AccessPolicy tn-acme\/protect/);
    });

    it('refuses a change of a field that a policy protects, and other changes not', async () => {
      world.addPolicy('tn-acme', 'frozen', {
        effect: 'Deny',
        subjects: [group('acme-developers')],
        actions: ['depots:update', 'depots:patch'],
        condition: { changed: { field: 'spec.connection' } },
      });
      const old = inAcme('pg', { type: 'Postgres', connection: { host: 'a' } });
      const moved = inAcme('pg', { type: 'Postgres', connection: { host: 'b' } });
      const labelled = inAcme('pg', { type: 'Postgres', connection: { host: 'a' } }, { labels: { a: 'b' } });
      world.put(Depot, old);

      assert.equal(world.can(dev, 'update', 'depots', 'tn-acme', 'pg'), true);
      await world.admit({ user: dev, kind: Depot, object: labelled, old });
      assert.equal((await world.refusal({ user: dev, kind: Depot, object: moved, old })).code, 403);
    });
  });

  it('answers with every objection at once', async () => {
    const object = inAcme(
      'pg',
      { type: 'Postgres', connection: {}, credentials: [uses('a', 'scan', 'globex')] },
      { labels: { 'polder.dev/tenant': 'x' } },
    );

    const refusal = await world.refusal({ user: dev, kind: Depot, object });

    assert.equal(refusal.code, 403);
    assert.deepEqual(
      refusal.details?.causes?.map((cause) => cause.reason),
      ['TENANT_IMMUTABLE', 'CROSS_TENANT_REF'],
    );
    assert.equal(world.audit.get('admission.codes'), 'TENANT_IMMUTABLE,CROSS_TENANT_REF');
  });
});
