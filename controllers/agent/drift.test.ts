import assert from 'node:assert/strict';
import { Deployment } from '../../apiserver/kinds/native/deployment.ts';
import { ResourceQuota } from '../../apiserver/kinds/native/resource-quota.ts';
import type { ApiObject } from '../../apiserver/client/resource.ts';
import { isStatusOnly } from './drift.ts';

const object = (resourceVersion: string, content: object, managedFields: readonly object[] = []): ApiObject =>
  ({ metadata: { name: 'a', uid: 'u', resourceVersion, managedFields }, ...content }) as never;
const OURS = { manager: 'polder-agent', operation: 'Apply', fieldsV1: {} };
const COUNTER = { manager: 'resourcequota-controller', operation: 'Update', subresource: 'status' };

describe('what the drift watch takes for drift', () => {
  const spec = { hard: { pods: '3' } };
  const before = object('1', { spec, status: { used: { pods: '0' } } }, [OURS]);

  it('not a status that the plane reports', () => {
    const after = object('2', { spec, status: { used: { pods: '1' } } }, [OURS, COUNTER]);
    assert.equal(isStatusOnly(ResourceQuota, before, after), true);
  });

  it('every other change: of content, labels and who owns the fields', () => {
    const { status } = { status: { used: { pods: '1' } } };
    const others = [
      object('2', { spec: { hard: { pods: '4' } }, status }, [OURS]),
      object('2', { spec, status }, [{ ...OURS, manager: 'somebody' }]),
      { ...object('2', { spec, status }, [OURS]), metadata: { ...before.metadata, labels: { a: 'b' } } },
    ];
    for (const after of others) assert.equal(isStatusOnly(ResourceQuota, before, after), false);
  });

  it('a status that changes the health, so that the hub is told', () => {
    const one = object('1', { spec: { replicas: 1 }, status: {} });
    const two = object('2', { spec: { replicas: 1 }, status: { availableReplicas: 1 } });
    assert.equal(isStatusOnly(Deployment, one, two), false);
  });
});
