import assert from 'node:assert/strict';
import type { JsonObject } from '../../api/json.ts';
import { KINDS } from '../../kinds/index.ts';
import { createdFields } from './created-fields.ts';
import { compare } from './compare.ts';
import { endpointOf, ownable, type Endpoint } from './endpoint.ts';
import { encodeFields } from './fields-v1.ts';
import { UnaddressableItem } from './list-items.ts';

const kind = KINDS.find((one) => one.kind === 'DataPolicy');
if (kind === undefined) throw new Error('there is no kind DataPolicy');
const endpoint = endpointOf(kind, '');

/** As for any other change, nothing kept. */
const computed = (one: Endpoint, object: JsonObject): JsonObject =>
  encodeFields(ownable(one.owned(compare(one.atom, {}, object).added)));

describe('fields of a created object', () => {
  it('are those of a comparison with nothing, whatever was created before', () => {
    const objects: readonly JsonObject[] = [
      { metadata: { name: 'a', labels: { x: '1' } }, spec: { depot: 'crm' } },
      { metadata: { name: 'b', labels: { x: '2' } }, spec: { depot: 'erp' } },
      { metadata: { name: 'c', labels: { y: '1' } }, spec: { depot: 'crm' } },
      { metadata: { name: 'd', labels: {} }, spec: { depot: null } },
      { metadata: { name: 'e', labels: { '1:x;': '1' } }, spec: {} },
      { metadata: { name: 'f', finalizers: ['a/b', 'c/d'] }, spec: { depot: { crm: 1 } } },
      { metadata: { name: 'g', finalizers: ['a/b', 'e/f'] }, spec: { depot: { crm: [] } } },
      { metadata: { name: 'h', finalizers: ['a/b', 'a/b'] } },
      { metadata: { name: 'i', ownerReferences: [{ uid: 'u1' }, { uid: 'u2', controller: true }] } },
      { metadata: { name: 'j', ownerReferences: [{ uid: 'u1' }, { uid: 'u3', controller: true }] } },
    ];

    for (const object of [...objects, ...objects.toReversed()]) {
      assert.deepEqual(createdFields(endpoint, object), computed(endpoint, object));
    }
  });

  it('are made once for objects that differ in values only', () => {
    const one = createdFields(endpoint, { metadata: { name: 'a' }, spec: { depot: 'crm' } });
    const other = createdFields(endpoint, { metadata: { name: 'b' }, spec: { depot: 'erp' } });

    assert.equal(one, other);
    assert.ok(Object.isFrozen(one));
  });

  it('are refused for a list that cannot be walked', () => {
    const object: JsonObject = { metadata: { name: 'a', ownerReferences: [{ name: 'without-uid' }] } };

    assert.throws(() => createdFields(endpoint, object), UnaddressableItem);
  });
});
