import assert from 'node:assert/strict';
import { ApiError } from '../api/errors.ts';
import { negotiate, negotiateStatus, patchTypeOf, wantsPretty } from './negotiation.ts';

const J = 'application/json';
const Y = 'application/yaml';
const PARTIAL = 'as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

describe('negotiation', () => {
  const accepted: readonly (readonly [string | undefined, string, string])[] = [
    [undefined, J, 'object'],
    ['', J, 'object'],
    ['*/*', J, 'object'],
    ['application/*', J, 'object'],
    [J, J, 'object'],
    [Y, Y, 'object'],
    ['application/YAML ; q=0.5', Y, 'object'],
    [`${J};q=0.1, ${Y};q=0.9`, Y, 'object'],
    [`*/*, ${Y}`, Y, 'object'],
    ['application/cbor;q=1,application/json;q=0.9', J, 'object'],
    [`${J};as=Table;v=v1;g=meta.k8s.io,${J}`, J, 'Table'],
    [`${J};as=Table;v=v9;g=meta.k8s.io,${J};as=Table;v=v1beta1;g=meta.k8s.io,${J}`, J, 'Table'],
    [`${J};as=Table;v=v1;g=other,${J}`, J, 'object'],
    [`${J};as=Unheard;v=v1;g=meta.k8s.io,${Y}`, Y, 'object'],
    [`application/vnd.kubernetes.protobuf;${PARTIAL},${J};${PARTIAL},${J}`, J, 'PartialObjectMetadataList'],
    ['application/vnd.kubernetes.protobuf,application/json', J, 'object'],
  ];
  for (const [accept, mediaType, form] of accepted) {
    it(`answers ${JSON.stringify(accept)} with ${form} in ${mediaType}`, () => {
      for (const _again of [1, 2]) {
        const found = negotiate(accept, 'object');
        assert.equal(found.mediaType, mediaType);
        assert.equal(found.form, form);
      }
    });
  }

  it('C47 answers 406 with what would do when nothing fits', () => {
    for (const accept of [
      'application/foo',
      `${J};q=0`,
      `${J};as=Table;v=v9;g=meta.k8s.io`,
      'x'.repeat(9000),
    ]) {
      assert.throws(
        () => negotiate(accept, 'object'),
        (error) =>
          error instanceof ApiError &&
          error.code === 406 &&
          error.message === `only the following media types are accepted: ${J}, ${Y}`,
      );
    }
  });

  it('skips clauses that are none, and parts of a form without the form', () => {
    assert.equal(negotiate('*', 'object').mediaType, J);
    assert.equal(negotiate(`${J};as=`, 'object').form, 'object');
    for (const accept of ['*/json', `${J}/x`, 'json', `${J};g=meta.k8s.io;v=v1`]) {
      assert.throws(() => negotiate(accept, 'object'), { code: 406 }, accept);
    }
  });

  it('tells what went wrong in YAML only where no other form was asked for', () => {
    const said = ([accept]: readonly (string | undefined)[]): string => negotiateStatus(accept);
    assert.deepEqual([[Y], [`${Y};q=0.5, text/html`], [`${Y};as=Table;v=v1;g=meta.k8s.io,${Y}`]].map(said), [
      Y,
      Y,
      Y,
    ]);
    assert.deepEqual(
      [
        [undefined],
        ['text/html'],
        [`${Y};as=Table;v=v1;g=meta.k8s.io`],
        [`${J}, ${Y}`],
        ['x'.repeat(9000)],
      ].map(said),
      [J, J, J, J, J],
    );
  });

  it('streams JSON only', () => {
    assert.equal(negotiate(`${J};stream=watch`, 'watch').form, 'object');
    assert.throws(() => negotiate(Y, 'watch'), { code: 406 });
    assert.equal(negotiate(`${J};stream=watch`, 'object').form, 'object');
    assert.throws(() => negotiate(`${Y};stream=watch`, 'object'), { code: 406 });
  });

  it('C101 names the patch types that are served', () => {
    assert.equal(patchTypeOf('application/merge-patch+json; charset=utf-8', 'own'), 'merge');
    assert.equal(patchTypeOf('Application/JSON-Patch+JSON', 'own'), 'json');
    assert.equal(patchTypeOf('application/strategic-merge-patch+json', 'native'), 'strategic');
    assert.throws(() => patchTypeOf('application/strategic-merge-patch+json', 'own'), {
      code: 415,
      message:
        'the body of the request was in an unknown format - accepted media types include: ' +
        'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    });
    assert.throws(() => patchTypeOf(undefined, 'own'), { code: 415 });
  });

  it('indents for people', () => {
    const query = (text: string): URLSearchParams => new URLSearchParams(text);
    assert.equal(wantsPretty(undefined, 'curl/8'), true);
    assert.equal(wantsPretty(undefined, 'Mozilla/5.0 (X11)'), true);
    assert.equal(wantsPretty(undefined, 'kubectl/v1.32'), false);
    assert.equal(wantsPretty(query('pretty=0'), 'curl/8'), false);
    assert.equal(wantsPretty(query('pretty=true'), undefined), true);
    assert.equal(wantsPretty(query('pretty='), undefined), false);
  });
});
