import assert from 'node:assert/strict';
import type { JsonObject } from '../../api/json.ts';
import { Credential } from '../../kinds/credential.ts';
import { Depot } from '../../kinds/depot.ts';
import { createAdmissionWorld, type AdmissionWorld } from '../../../test/support/admission.ts';
import { ann, dev, group, person, user } from '../../../test/support/policy.ts';

const inAcme = (name: string, spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  metadata: { namespace: 'tn-acme', name, ...metadata },
  spec,
});
const credential = (name: string, acl = 'r'): JsonObject =>
  inAcme(name, { type: 'token', source: 'Generated', acl });

describe('admission with the object at hand', () => {
  let world: AdmissionWorld;
  beforeEach(() => {
    world = createAdmissionWorld();
  });

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

  it('P36 lets refusals on trial pass, with a warning or a record of the policy', async () => {
    const trial = (name: string, enforcement: string): void =>
      world.addPolicy('tn-acme', name, {
        effect: 'Deny',
        subjects: [group('acme-developers')],
        actions: ['depots:create'],
        enforcement,
      });
    const object = inAcme('pg', { type: 'Postgres', connection: {} });
    trial('soon', 'Warn');
    trial('counted', 'Audit');

    await world.admit({ user: dev, kind: Depot, object });
    await world.admit({ user: ann, kind: Depot, object });

    assert.deepEqual(world.warnings, ['AccessPolicy tn-acme/soon is going to deny this: create depots "pg"']);
    assert.equal(world.audit.get('access.audit'), 'AccessPolicy tn-acme/counted');
    trial('soon', 'Deny');
    assert.equal((await world.refusal({ user: dev, kind: Depot, object })).code, 403);
  });
});
