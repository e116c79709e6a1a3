import assert from 'node:assert/strict';
import { Pod } from '../apiserver/kinds/native/pod.ts';
import { dev } from '../test/support/policy.ts';
import { reviewBody } from '../test/support/reviews.ts';
import { patchBetween } from './patch.ts';
import { readReview, ReviewError, writeReview } from './review.ts';
import { applyPatch, parsePatch } from '../apiserver/registry/json-patch.ts';
import type { JsonObject } from '../apiserver/api/json.ts';

const body = (change: (review: JsonObject) => JsonObject = (review) => review): Buffer =>
  Buffer.from(
    JSON.stringify(change(reviewBody({ user: dev, kind: Pod, object: { metadata: { name: 'p' } } }))),
  );

describe('AdmissionReview codec', () => {
  it('echoes the uid and leaves out what there is nothing of', () => {
    const { uid } = readReview(body());
    const bytes = writeReview(uid, { refusal: undefined, patch: [], warnings: [], auditAnnotations: {} });
    assert.deepEqual(JSON.parse(bytes.toString()), {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid, allowed: true, auditAnnotations: {} },
    });
  });

  it('names what is wrong with a question it cannot read', () => {
    for (const [bytes, why] of [
      [Buffer.from('{'), /not valid JSON/],
      [Buffer.from('[]'), /not an AdmissionReview/],
      [
        body((review) => ({ ...review, apiVersion: 'admission.k8s.io/v1beta1' })),
        /got "AdmissionReview" of "admission.k8s.io\/v1beta1".*must list v1/,
      ],
      [body((review) => ({ ...review, kind: 'Pod' })), /got "Pod"/],
      [body(({ request: _request, ...review }) => review), /request is missing/],
      [
        body((review) => ({ ...review, request: { ...(review['request'] as JsonObject), uid: '' } })),
        /request\.uid/,
      ],
      [
        body((review) => ({
          ...review,
          request: { ...(review['request'] as JsonObject), operation: 'EAT' },
        })),
        /request\.operation is "EAT"/,
      ],
      [
        body((review) => ({ ...review, request: { ...(review['request'] as JsonObject), userInfo: {} } })),
        /username is missing/,
      ],
      [
        body((review) => ({ ...review, request: { ...(review['request'] as JsonObject), object: 'x' } })),
        /request\.object is not an object/,
      ],
      [Buffer.from(`${'['.repeat(600)}${']'.repeat(600)}`), /not valid JSON/],
    ] as const) {
      assert.throws(
        () => readReview(bytes),
        (error) => error instanceof ReviewError && why.test(error.message),
        String(why),
      );
    }
  });
});

describe('JSON patch of a mutation', () => {
  it('is empty for equal values and touches only what differs', () => {
    const before = { a: { b: [1, { c: 2 }], 'x/y~z': 'old' }, gone: true, list: [1, 2, 3] };
    assert.deepEqual(patchBetween(before, structuredClone(before)), []);
    const after = { a: { b: [1, { c: 3 }, 4], 'x/y~z': 'new' }, list: [1], added: null };
    const patch = patchBetween(before, after);
    assert.deepEqual(patch, [
      { op: 'remove', path: '/gone' },
      { op: 'replace', path: '/a/b/1/c', value: 3 },
      { op: 'add', path: '/a/b/-', value: 4 },
      { op: 'replace', path: '/a/x~1y~0z', value: 'new' },
      { op: 'remove', path: '/list/2' },
      { op: 'remove', path: '/list/1' },
      { op: 'add', path: '/added', value: null },
    ]);
    assert.deepEqual(applyPatch(before, parsePatch(patch)), after);
  });
});
