import assert from 'node:assert/strict';
import { template } from '../../../../test/support/natives.ts';
import { dev } from '../../../../test/support/policy.ts';
import { codesOf, createReviewWorld } from '../../../../test/support/reviews.ts';
import type { JsonObject } from '../../../api/json.ts';
import { ReplicaSet } from '../../../kinds/native/replica-set.ts';

describe('selectors of workloads', () => {
  const selecting = (...matchExpressions: JsonObject[]): JsonObject => {
    const made = template('ReplicaSet', 'apps/v1', {});
    return { ...made, spec: { ...(made['spec'] as JsonObject), selector: { matchExpressions } } };
  };
  const own = { key: 'app', operator: 'DoesNotExist' };
  const ofTenant = (operator: string, ...values: string[]): JsonObject => ({
    key: 'polder.dev/tenant-uid',
    operator,
    ...(values.length === 0 ? {} : { values }),
  });

  it('U7 match the label that every pod of the tenant gets, or pods would be made without end', () => {
    const world = createReviewWorld();
    const asked = { user: dev, kind: ReplicaSet };
    for (const missing of [
      ofTenant('DoesNotExist'),
      ofTenant('NotIn', 'uid-acme'),
      ofTenant('In', 'uid-globex'),
    ]) {
      const status = world.refusal({ ...asked, object: selecting(own, missing) });
      assert.deepEqual(codesOf(status), ['RESERVED_METADATA']);
      assert.equal(status.details?.causes?.[0]?.field, 'spec.selector.matchExpressions[1]');
    }
    for (const fine of [ofTenant('Exists'), ofTenant('In', 'uid-acme'), ofTenant('NotIn', 'uid-globex')])
      world.admit({ ...asked, object: selecting(own, fine) });
  });
});
