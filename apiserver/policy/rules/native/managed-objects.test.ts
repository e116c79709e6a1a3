import assert from 'node:assert/strict';
import type { JsonObject } from '../../../api/json.ts';
import { NetworkPolicy } from '../../../kinds/native/network-policy.ts';
import { Tenant } from '../../../kinds/tenant.ts';
import { createAdmissionWorld } from '../../../../test/support/admission.ts';
import { ann, root, user } from '../../../../test/support/policy.ts';

const policy: JsonObject = { metadata: { namespace: 'tn-acme', name: 'polder-default-deny' }, spec: {} };

describe('admission of what Polder keeps for a tenant', () => {
  it('A7 lets break-glass identities take it away while the tenant carries a reason, and nobody else', async () => {
    const world = createAdmissionWorld();
    const eve = user('eve', 'polder:break-glass');
    const attempt = (who: typeof eve) => ({
      user: who,
      kind: NetworkPolicy,
      operation: 'DELETE' as const,
      old: policy,
    });
    const open = (reason: string): void =>
      world.put(Tenant, {
        metadata: { name: 'acme', uid: 'uid-acme', annotations: { 'polder.dev/break-glass-reason': reason } },
        spec: {},
      });

    for (const reason of ['', '  ']) {
      open(reason);
      for (const who of [eve, root, ann])
        assert.match((await world.refusal(attempt(who))).message, /is kept by Polder/);
    }
    open('drill');
    for (const who of [eve, root]) await world.admit(attempt(who));
    assert.match((await world.refusal(attempt(ann))).message, /is kept by Polder/);
    const made = { ...attempt(eve), operation: 'CREATE' as const, object: policy };
    assert.match((await world.refusal(made)).message, /names that start with/);
  });
});
