import assert from 'node:assert/strict';
import { plane, tenant } from '../../test/support/objects.ts';
import { place, refusal } from './placement.ts';

const NAMES = Array.from({ length: 20 }, (_, index) => `p${index}`);
const UIDS = Array.from({ length: 400 }, (_, index) => `cluster-${index}`);
const chosen = (uid: string, names: readonly string[]): string => {
  const placement = place(
    tenant('acme'),
    uid,
    names.map((name) => plane(name)),
  );
  return placement.is === 'placed' ? placement.plane : '';
};

describe('placement', () => {
  it('U10 is the same for the same UID, in whatever order the planes come', () => {
    for (const uid of UIDS.slice(0, 20)) {
      assert.equal(chosen(uid, NAMES), chosen(uid, [...NAMES].reverse()));
    }
  });

  it('uses every plane', () => {
    const used = new Set(UIDS.map((uid) => chosen(uid, NAMES)));

    assert.equal(used.size, NAMES.length);
  });

  it('moves only what was on a plane that goes', () => {
    const rest = NAMES.slice(1);
    for (const uid of UIDS) {
      const before = chosen(uid, NAMES);
      if (before !== NAMES[0]) assert.equal(chosen(uid, rest), before);
    }
  });

  it('A18 keeps to the regions of the tenant', () => {
    const planes = [plane('us1', { region: 'us' }), plane('eu1', { region: 'eu' })];
    const european = tenant('acme', { placement: { regions: ['eu'] } });

    for (const uid of UIDS.slice(0, 20)) {
      assert.deepEqual(place(european, uid, planes), { is: 'placed', plane: 'eu1' });
    }
  });

  it('says why each plane is refused, and how many more there are', () => {
    const planes = [
      plane('a', { cordoned: true }),
      plane('b', { roles: ['workflow'] }),
      plane('c', { region: 'us' }),
      plane('d', { region: 'us' }),
    ];

    const placement = place(tenant('acme', { placement: { regions: ['eu'] } }), 'x', planes);

    assert.deepEqual(placement, {
      is: 'unplaceable',
      reason: 'NoFittingDataPlane',
      message:
        'no data plane takes it: a: it is cordoned; b: it has no role "runtime"; ' +
        'c: it is in region "us" and the tenant requires eu; and 1 more',
    });
    assert.deepEqual(place(tenant('acme'), 'x', []), {
      is: 'unplaceable',
      reason: 'NoDataPlane',
      message: 'there is no data plane yet',
    });
  });

  it('asks both sides: labels of the tenant and labels of the plane', () => {
    const gold = tenant(
      'acme',
      { placement: { planeSelector: { matchLabels: { ssd: 'yes' } } } },
      { labels: { tier: 'gold' } },
    );
    const allowed = { allowedTenants: { matchLabels: { tier: 'gold' } } };

    assert.equal(refusal(gold, plane('a', allowed, { labels: { ssd: 'yes' } })), undefined);
    assert.match(refusal(gold, plane('b', allowed)) ?? '', /does not carry the labels/);
    assert.match(refusal(tenant('other'), plane('a', allowed)) ?? '', /not open to this tenant/);
  });

  it('keeps away from planes that are being deleted', () => {
    const leaving = plane('a', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' });

    assert.match(refusal(tenant('acme'), leaving) ?? '', /being deleted/);
  });
});
