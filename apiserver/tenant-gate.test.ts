/** How long requests wait for the tenant whose namespace they go to. */
import assert from 'node:assert/strict';
import { startWorld, body, on, KINDS, WRITE, type World } from '../test/support/registry.ts';
import type { Attributes, UserInfo } from './api/identity.ts';
import { Tenant } from './kinds/tenant.ts';
import { createTenantGate, type TenantGate } from './tenant-gate.ts';

const zoe: UserInfo = { name: 'zoe', uid: '', groups: [], extra: {} };
const into = (namespace: string): Attributes => ({
  is: 'resource',
  verb: 'list',
  group: 'data.polder.dev',
  version: 'v1alpha1',
  resource: 'depots',
  subresource: '',
  namespace,
  name: '',
});

describe('requests into the namespace of a tenant', () => {
  let world: World;
  let gate: TenantGate;
  before(async () => {
    world = await startWorld({ kinds: [...KINDS, Tenant] });
    gate = createTenantGate(world.registry, world.clock);
    const tenant = {
      apiVersion: 'platform.polder.dev/v1alpha1',
      kind: 'Tenant',
      metadata: { name: 'acme' },
      spec: {},
    };
    await world.registry.create(world.context, on(Tenant), body(tenant), WRITE);
  });
  after(async () => {
    gate.close();
    await world.close();
  });

  it('wait while it is set up, but not longer than 10 s when nobody does that', async () => {
    let done = 0;
    const waiting = [1, 2].map(() => gate.ready(into('tn-acme'), zoe)?.then(() => void (done += 1)));
    assert.ok(waiting.every((each) => each !== undefined));
    world.clock.advance(9_999);
    await Promise.resolve();
    assert.equal(done, 0);
    world.clock.advance(1);
    await Promise.all(waiting);
    assert.equal(done, 2);
  });

  it('do not wait anywhere else', () => {
    assert.equal(gate.ready(into('tn-globex'), zoe), undefined);
    assert.equal(gate.ready(into('default'), zoe), undefined);
  });

  it('go on as soon as it is set up', async () => {
    const waiting = gate.ready(into('tn-acme'), zoe);
    assert.ok(waiting !== undefined);
    await world.registry.update(
      world.context,
      { ...on(Tenant, '', 'acme'), subresource: 'status' },
      body({ ...world.registry.peek(Tenant, '', 'acme')?.read(), status: { phase: 'Active' } }),
      WRITE,
    );
    await waiting;
    assert.equal(gate.ready(into('tn-acme'), zoe), undefined);
  });
});
