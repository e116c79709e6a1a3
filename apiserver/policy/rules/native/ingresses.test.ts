import assert from 'node:assert/strict';
import { NS } from '../../../../test/support/natives.ts';
import { dev } from '../../../../test/support/policy.ts';
import { codesOf, createReviewWorld } from '../../../../test/support/reviews.ts';
import type { JsonObject } from '../../../api/json.ts';
import { Ingress } from '../../../kinds/native/ingress.ts';

const ingress = (rules: number, tls: number, namespace = NS): JsonObject => ({
  metadata: { name: 'x', namespace },
  spec: {
    rules: Array.from({ length: rules }, (_, index) => ({ host: `a${index}.example.com` })),
    tls: [{ hosts: Array.from({ length: tls }, (_, index) => `a${index}.example.com`) }],
  },
});

describe('Ingresses of a tenant with many hosts', () => {
  it('are decided on up to a thousand, for rules and certificates together', () => {
    const world = createReviewWorld();
    world.admit({ user: dev, kind: Ingress, object: ingress(500, 500) });
    const status = world.refusal({ user: dev, kind: Ingress, object: ingress(500, 501) });
    assert.deepEqual(codesOf(status), ['TOO_LARGE']);
    assert.match(status.message ?? '', /spec: names 1,001 hosts; at most 1,000 are decided on, spread them/);
  });

  it('keep those that they had when they are labelled, and may become fewer', () => {
    const world = createReviewWorld();
    const old = ingress(2_000, 0);
    const metadata = { name: 'x', namespace: NS, labels: { a: 'b' } };
    world.admit({ user: dev, kind: Ingress, object: { ...old, metadata }, old });
    world.admit({ user: dev, kind: Ingress, object: ingress(1_000, 0), old });
    world.refusal({ user: dev, kind: Ingress, object: ingress(1_999, 1), old });
  });

  it('are all seen by other tenants, whichever of them is asked for', () => {
    const world = createReviewWorld();
    world.put(Ingress, ingress(1_000, 0, 'tn-globex'));
    const object = (host: string): JsonObject => ({
      metadata: { name: 'mine', namespace: NS },
      spec: { rules: [{ host }] },
    });
    for (const host of ['a0.example.com', 'a999.example.com', '*.example.com'])
      assert.deepEqual(codesOf(world.refusal({ user: dev, kind: Ingress, object: object(host) })), [
        'HOST_NOT_OWNED',
      ]);
    for (const host of ['b.example.com', 'b.a0.example.com', '*.a0.example.com', 'example.com'])
      world.admit({ user: dev, kind: Ingress, object: object(host) });
    // Once more: what was remembered of an Ingress goes when it changes.
    world.put(Ingress, { ...ingress(1, 0, 'tn-globex') });
    world.admit({ user: dev, kind: Ingress, object: object('a999.example.com') });
  });
});
