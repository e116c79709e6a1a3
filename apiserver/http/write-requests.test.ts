import assert from 'node:assert/strict';
import type { Answer } from '../../test/support/http-client.ts';
import { ANN, GIL, NOBODY, startPlane, type Plane } from '../../test/support/http.ts';
import { widget } from '../../test/support/registry.ts';

const WIDGETS = '/apis/data.polder.dev/v1alpha1/namespaces/a/widgets';

describe('options, refusals and warnings', () => {
  let plane: Plane;
  before(async () => {
    plane = await startPlane();
    await plane.call('POST', WIDGETS, { body: widget('audited') });
  });
  after(async () => {
    await plane.close();
  });

  it('C106 sends warnings as quoted UTF-8, each once', async () => {
    const body =
      '{"apiVersion":"data.polder.dev/v1alpha1","kind":"Widget","metadata":{"name":"warned"},"spec":{"zoë\\"":1,"size":1,"size":2}}';
    const answer = await plane.call('POST', WIDGETS, { body });

    assert.equal(answer.status, 201, answer.text);
    const warnings = headersOf(answer, 'warning').map((text) => Buffer.from(text, 'latin1').toString('utf8'));
    assert.deepEqual(warnings.sort(), [
      '299 - "duplicate field \\"spec.size\\""',
      '299 - "unknown field \\"spec.zoë\\"\\""',
    ]);
  });

  it('C105 refuses a dryRun it does not know, and odd field managers, with 422', async () => {
    for (const [query, field] of [
      ['dryRun=x', 'dryRun'],
      ['dryRun=All&dryRun=y', 'dryRun'],
      [`fieldManager=${'m'.repeat(129)}`, 'fieldManager'],
      ['fieldManager=a%00b', 'fieldManager'],
      ['fieldValidation=Loud', 'fieldValidation'],
    ] as const) {
      const answer = await plane.call('POST', `${WIDGETS}?${query}`, { body: widget('never') });
      assert.equal(answer.status, 422, query);
      const { details } = answer.json();
      assert.deepEqual([details.kind, details.causes[0].field], ['CreateOptions', field]);
    }
    assert.equal((await plane.call('GET', `${WIDGETS}/never`)).status, 404);
  });

  it('C114 refuses an apply without a manager, and force on other patches, with 422', async () => {
    const patch = async (type: string, query: string): Promise<Answer> =>
      plane.call('PATCH', `${WIDGETS}/audited?${query}`, {
        body: widget('audited'),
        headers: { 'content-type': `application/${type}` },
      });
    assert.equal((await patch('apply-patch+yaml', '')).status, 422);
    assert.equal((await patch('merge-patch+json', 'force=true')).status, 422);
    assert.equal((await patch('apply-patch+yaml', 'fieldManager=me&force=1')).status, 200);
  });

  it('asks for create when an apply would create', async () => {
    await plane.addTenant('acme');
    const base = '/apis/data.polder.dev/v1alpha1/namespaces/tn-acme';
    const policy = {
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { name: 'patchers' },
      spec: {
        effect: 'Allow',
        subjects: [{ kind: 'User', name: 'gil' }],
        actions: ['widgets:patch', 'widgets:get'],
      },
    };
    const made = await plane.call('POST', `${base}/accesspolicies`, { body: policy, token: ANN });
    assert.equal(made.status, 201, made.text);
    const apply = async (name: string): Promise<Answer> =>
      plane.call('PATCH', `${base}/widgets/${name}?fieldManager=me&force=true`, {
        body: widget(name, { size: 4 }),
        token: GIL,
        headers: { 'content-type': 'application/apply-patch+yaml' },
      });
    const refused = await apply('fresh');
    assert.equal(refused.status, 403, refused.text);
    assert.match(refused.json().message, /User "gil" cannot create resource "widgets"/);
    await plane.call('POST', `${base}/widgets`, { body: widget('there'), token: ANN });
    assert.equal((await apply('there')).status, 200);
  });

  it('C125 checks delete options, in the body first', async () => {
    await plane.call('POST', WIDGETS, { body: widget('kept') });
    const options = (more: object): object => ({ kind: 'DeleteOptions', apiVersion: 'v1', ...more });
    const refusals: readonly (readonly [string, object | undefined, number])[] = [
      ['', options({ propagationPolicy: 'X' }), 422],
      ['propagationPolicy=X', undefined, 422],
      ['', options({ propagationPolicy: 'Orphan', orphanDependents: true }), 422],
      ['', options({ dryRun: ['No'] }), 422],
      ['', options({ gracePeriodSeconds: -1 }), 422],
      ['', options({ preconditions: { uid: 'wrong' } }), 409],
      ['', options({ preconditions: { resourceVersion: '1' } }), 409],
      ['', { kind: 'Widget', apiVersion: 'data.polder.dev/v1alpha1' }, 400],
      ['', options({ gracePeriodSeconds: 'soon' }), 400],
      ['gracePeriodSeconds=soon', undefined, 400],
    ];
    for (const [query, body, code] of refusals) {
      const answer = await plane.call(
        'DELETE',
        `${WIDGETS}/kept?${query}`,
        body === undefined ? {} : { body },
      );
      assert.equal(answer.status, code, `${query} ${JSON.stringify(body)} ${answer.text}`);
    }
    const dry = await plane.call('DELETE', `${WIDGETS}/kept?propagationPolicy=X`, {
      body: options({ dryRun: ['All'] }),
    });
    assert.equal(dry.status, 200);
    const empty = await plane.call('DELETE', `${WIDGETS}/kept`, {
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(empty.json().status, 'Success');
  });

  const MISTYPED: readonly unknown[] = [
    [],
    'All',
    5,
    { apiVersion: 5 },
    { kind: 5 },
    { dryRun: 'All' },
    { dryRun: { a: 'All' } },
    { dryRun: [5] },
    { dryRun: [['All']] },
    { preconditions: 'x' },
    { preconditions: [] },
    { preconditions: { uid: 5 } },
    { preconditions: { resourceVersion: 5 } },
    { propagationPolicy: 5 },
    { orphanDependents: 'true' },
    { gracePeriodSeconds: 1.5 },
    { gracePeriodSeconds: '1' },
    { ignoreStoreReadErrorWithClusterBreakingPotential: 'x' },
  ];
  for (const options of MISTYPED) {
    it(`C125 deletes nothing for the options ${JSON.stringify(options)}`, async () => {
      await plane.call('POST', WIDGETS, { body: widget('mistyped') });
      const body = JSON.stringify(options);
      for (const path of [`${WIDGETS}/mistyped`, WIDGETS]) {
        const answer = await plane.call('DELETE', path, {
          body,
          headers: { 'content-type': 'application/json' },
        });
        assert.equal(answer.status, 400, answer.text);
        assert.equal(answer.json().reason, 'BadRequest');
      }
      assert.equal((await plane.call('GET', `${WIDGETS}/mistyped`)).status, 200);
    });
  }

  it('C125 takes null as options without fields, which hide the query, and null fields as absent', async () => {
    await plane.call('POST', WIDGETS, { body: widget('nulled') });
    const nulls = { preconditions: null, gracePeriodSeconds: null, propagationPolicy: null, dryRun: ['All'] };
    assert.equal((await plane.call('DELETE', `${WIDGETS}/nulled`, { body: nulls })).status, 200);
    assert.equal((await plane.call('GET', `${WIDGETS}/nulled`)).status, 200);
    const answer = await plane.call('DELETE', `${WIDGETS}/nulled?propagationPolicy=X`, {
      body: 'null',
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await plane.call('GET', `${WIDGETS}/nulled`)).status, 404);
  });

  it('C127 deletes a collection by selector, from the query, and returns it', async () => {
    for (const name of ['c1', 'c2']) {
      await plane.call('POST', WIDGETS, { body: widget(name, {}, { labels: { group: name } }) });
    }
    const answer = await plane.call('DELETE', `${WIDGETS}?labelSelector=group%3Dc1`);
    assert.deepEqual([answer.json().kind, answer.json().items.length], ['WidgetList', 1]);
    assert.equal((await plane.call('GET', `${WIDGETS}/c1`)).status, 404);
    assert.equal((await plane.call('GET', `${WIDGETS}/c2`)).status, 200);
  });

  it('C62 C63 C64 answers 400 to selectors, limits and revisions it cannot read', async () => {
    for (const query of [
      'labelSelector=a%3D%3D%3Db',
      'fieldSelector=spec.nope%3D1',
      'limit=x',
      'resourceVersion=abc',
      'continue=x',
    ]) {
      const answer = await plane.call('GET', `${WIDGETS}?${query}`);
      assert.deepEqual([answer.status, answer.json().reason], [400, 'BadRequest'], query);
    }
  });

  it('C60 answers 422 to options that contradict each other', async () => {
    for (const query of [
      'resourceVersionMatch=Exact',
      'resourceVersionMatch=Exact&resourceVersion=0',
      'resourceVersionMatch=Unheard&resourceVersion=1',
      'resourceVersionMatch=NotOlderThan&resourceVersion=1&continue=x',
    ]) {
      const answer = await plane.call('GET', `${WIDGETS}?${query}`);
      assert.deepEqual(
        [answer.status, answer.json().details.causes[0].field],
        [422, 'resourceVersionMatch'],
        query,
      );
    }
  });

  it('C17 says who may not do what where, and how to get it', async () => {
    const answer = await plane.call('GET', `${WIDGETS}/w`, { token: ANN });
    assert.equal(answer.status, 403);
    const status = answer.json();
    assert.match(
      status.message,
      /^widgets\.data\.polder\.dev "w" is forbidden: User "ann" cannot get resource "widgets" in API group "data\.polder\.dev" in the namespace "a": .*ask/,
    );
    assert.deepEqual(status.details, { name: 'w', group: 'data.polder.dev', kind: 'widgets' });
    const path = await plane.call('GET', '/metrics', { token: ANN });
    assert.match(path.json().message, /^forbidden: User "ann" cannot get path "\/metrics": /);
  });

  it('does not tell a caller without access what exists', async () => {
    const there = await plane.call('GET', `${WIDGETS}/audited`, { token: NOBODY });
    const missing = await plane.call('GET', `${WIDGETS}/missing`, { token: NOBODY });
    assert.equal(there.text.replaceAll('audited', 'x'), missing.text.replaceAll('missing', 'x'));
    assert.equal(there.status, 403);
  });

  it('says of a resource that is not in discovery that it is not served', async () => {
    const unserved = await plane.call('GET', '/apis/none.dev/v1/things', { token: NOBODY });
    assert.equal(unserved.status, 404);
    assert.equal(
      unserved.json().message,
      'the server could not find the requested resource: things.none.dev/v1 is not served here',
    );
  });
});

function headersOf(answer: Answer, name: string): readonly string[] {
  return answer.rawHeaders.filter(
    (_, index) => answer.rawHeaders[index - 1]?.toLowerCase() === name && index % 2 === 1,
  );
}
