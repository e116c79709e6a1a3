import assert from 'node:assert/strict';
import { ANN, GIL, clientCertificate, NOBODY, startPlane, type Plane } from '../../test/support/http.ts';
import { widget } from '../../test/support/registry.ts';

const WIDGETS = '/apis/data.polder.dev/v1alpha1/namespaces/a/widgets';
const ALL_WIDGETS = '/apis/data.polder.dev/v1alpha1/widgets';
const BOXES = '/apis/platform.polder.dev/v1alpha1/boxes';

describe('resource endpoints', () => {
  let plane: Plane;
  before(async () => {
    plane = await startPlane();
  });
  after(async () => {
    await plane.close();
  });

  it('C53 lists with kind, items and a decimal resourceVersion, also when there is nothing', async () => {
    const list = (await plane.call('GET', BOXES)).json();

    assert.equal(list.kind, 'BoxList');
    assert.equal(list.apiVersion, 'platform.polder.dev/v1alpha1');
    assert.deepEqual(list.items, []);
    assert.match(list.metadata.resourceVersion, /^[1-9][0-9]*$/);
  });

  it('creates, reads, lists, replaces, patches and deletes', async () => {
    const created = await plane.call('POST', WIDGETS, { body: widget('w1') });
    assert.equal(created.status, 201);
    const object = created.json();
    assert.equal(object.spec.size, 1);

    assert.deepEqual((await plane.call('GET', `${WIDGETS}/w1`)).json(), object);
    assert.deepEqual((await plane.call('GET', WIDGETS)).json().items, [object]);
    assert.deepEqual((await plane.call('GET', ALL_WIDGETS)).json().items, [object]);

    const replaced = await plane.call('PUT', `${WIDGETS}/w1`, { body: { ...object, spec: { size: 2 } } });
    assert.equal(replaced.status, 200);
    assert.equal(replaced.json().metadata.generation, 2);

    const merged = await plane.call('PATCH', `${WIDGETS}/w1`, {
      body: { spec: { size: 3 } },
      headers: { 'content-type': 'application/merge-patch+json; charset=utf-8' },
    });
    assert.equal(merged.json().spec.size, 3);

    const deleted = await plane.call('DELETE', `${WIDGETS}/w1`);
    assert.deepEqual(deleted.json(), {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'w1', group: 'data.polder.dev', kind: 'widgets', uid: object.metadata.uid },
    });
  });

  it('refuses numbers that are none in the options of lists and watches with 400', async () => {
    for (const query of [
      'limit=abc',
      'limit=',
      'timeoutSeconds=',
      'timeoutSeconds=abc',
      'timeoutSeconds=1.5',
      'watch=true&timeoutSeconds=abc',
    ]) {
      const answer = await plane.call('GET', `${BOXES}?${query}`);

      assert.deepEqual([answer.status, answer.json().reason], [400, 'BadRequest'], query);
      assert.match(answer.json().message, /^(limit|timeoutSeconds) must be a whole number, not "/);
    }
  });

  it('C66 answers 404 with name, group and plural', async () => {
    const answer = await plane.call('GET', `${BOXES}/none`);

    assert.equal(answer.status, 404);
    assert.deepEqual(answer.json(), {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'boxes.platform.polder.dev "none" not found',
      reason: 'NotFound',
      details: { name: 'none', group: 'platform.polder.dev', kind: 'boxes' },
      code: 404,
    });
  });

  it('takes a client certificate as CN and O, and nobody else as nobody', async () => {
    const cert = await clientCertificate(plane.ca, 'chief', ['system:masters']);
    assert.equal((await plane.call('GET', WIDGETS, { cert })).status, 200);
    assert.equal((await plane.call('GET', WIDGETS, { token: '' })).status, 401);
    assert.equal((await plane.call('GET', WIDGETS, { token: NOBODY })).status, 403);
  });

  it('lists over all namespaces show a tenant its own', async () => {
    await plane.addTenant('acme');
    await plane.addTenant('globex');
    const base = '/apis/data.polder.dev/v1alpha1';
    for (const [name, token] of Object.entries({ acme: ANN, globex: GIL })) {
      const answer = await plane.call('POST', `${base}/namespaces/tn-${name}/widgets`, {
        body: widget(`of-${name}`),
        token,
      });
      assert.equal(answer.status, 201, answer.text);
    }

    const seen = (await plane.call('GET', ALL_WIDGETS, { token: ANN })).json();
    assert.deepEqual(
      seen.items.map((item: { metadata: { name: string } }) => item.metadata.name),
      ['of-acme'],
    );
  });

  it('C68 watches from a list: ADDED, MODIFIED, DELETED, nothing before', async () => {
    await plane.call('POST', WIDGETS, { body: widget('before') });
    const list = (await plane.call('GET', WIDGETS)).json();
    const watch = await plane.watch(`${WIDGETS}?watch=1&resourceVersion=${list.metadata.resourceVersion}`);

    await plane.call('POST', WIDGETS, { body: widget('w2') });
    await plane.call('PATCH', `${WIDGETS}/w2`, {
      body: { spec: { size: 5 } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    await plane.call('DELETE', `${WIDGETS}/w2`);

    for (const type of ['ADDED', 'MODIFIED', 'DELETED']) {
      const event = await watch.next();
      assert.equal(event.type, type);
      assert.equal(event.object.metadata.name, 'w2');
    }
    watch.close();
  });
});
