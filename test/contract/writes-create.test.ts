/** Checks F of the API contract: create. */
import assert from 'node:assert/strict';
import { expectCode, expectStatus, type Api } from './support/api.ts';
import {
  namespaceIn,
  plain,
  plainIn,
  dataPolicy,
  policiesIn,
  tenant,
  TENANTS,
  type Server,
} from './support/server.ts';
import { startServer } from './support/target.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

describe('contract F: create', function () {
  this.timeout(60_000);
  const path = policiesIn('tn-a');
  const maps = plainIn('plain');
  let server: Server;
  let root: Api;
  before(async () => {
    server = await startServer();
    root = server.root;
    await server.tenant('a');
    await server.room('plain');
  });
  after(() => server.remove());

  it('C89 kubectl create gets 201 and everything that the server sets', async () => {
    const input = JSON.stringify(dataPolicy('made', {}, { namespace: 'tn-a' }));
    assert.equal(
      await server.ok(['create', '-f', '-'], { input }),
      'datapolicy.data.polder.dev/made created',
    );

    const { metadata, spec, status } = await root.read(`${path}/made`);

    assert.match(metadata.uid, UUID);
    assert.match(metadata.resourceVersion, /^[1-9][0-9]*$/);
    assert.match(metadata.creationTimestamp, SECONDS);
    assert.equal(metadata.generation, 1);
    assert.equal(metadata.namespace, 'tn-a');
    assert.equal(spec.priority, 50, 'defaults are filled in');
    assert.equal(status, undefined);
    const [entry, ...others] = metadata.managedFields;
    assert.deepEqual(others, []);
    assert.match(entry.time, SECONDS);
    assert.deepEqual(
      { ...entry, time: '', fieldsV1: {} },
      {
        manager: 'kubectl-create',
        operation: 'Update',
        apiVersion: 'data.polder.dev/v1alpha1',
        time: '',
        fieldsType: 'FieldsV1',
        fieldsV1: {},
      },
    );
    assert.deepEqual(entry.fieldsV1['f:spec']['f:depot'], {});
    assert.equal((await root.call('POST', path, { body: dataPolicy('raw') })).status, 201);
  });

  it('C90 ignores what only the server sets, drops status, refuses a resourceVersion', async () => {
    const claims = {
      uid: '00000000-0000-4000-8000-000000000000',
      creationTimestamp: '2001-01-01T00:00:00Z',
      deletionTimestamp: '2001-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 7,
      generation: 9,
      selfLink: '/x',
    };
    const body = { ...dataPolicy('claims', {}, claims), status: { observedGeneration: 4 } };

    const { metadata, status } = await root.create(path, body);

    assert.match(metadata.uid, UUID);
    assert.notEqual(metadata.uid, claims.uid);
    assert.ok(Date.parse(metadata.creationTimestamp) > Date.parse('2020-01-01'));
    assert.equal(metadata.generation, 1);
    for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink']) {
      assert.equal(metadata[field], undefined, field);
    }
    assert.equal(status, undefined);
    const versioned = dataPolicy('versioned', {}, { resourceVersion: '5' });
    const refused = expectStatus(await root.call('POST', path, { body: versioned }), 400, 'BadRequest');
    assert.match(refused.message, /resourceVersion should not be set on objects to be created/);
  });

  it('C90 stores no empty metadata, as ObjectMeta does', async () => {
    const empty = { labels: {}, annotations: {}, finalizers: [], ownerReferences: [] };

    const { metadata } = await root.create(path, dataPolicy('empty', {}, empty));
    const answer = await root.call('PUT', `${path}/empty`, {
      body: dataPolicy('empty', {}, { ...empty, resourceVersion: metadata.resourceVersion }),
    });

    for (const field of Object.keys(empty)) assert.equal(metadata[field], undefined, field);
    assert.equal(expectCode(answer, 200).body.metadata.resourceVersion, metadata.resourceVersion);
  });

  it('C91 answers 409 the second time, and says when the first one is being deleted', async () => {
    const again = () => root.call('POST', path, { body: dataPolicy('twice') });
    await root.create(path, dataPolicy('twice', {}, { finalizers: ['example.com/hold'] }));

    const exists = expectStatus(await again(), 409, 'AlreadyExists');
    await root.call('DELETE', `${path}/twice`);
    const terminating = expectStatus(await again(), 409, 'AlreadyExists');

    assert.equal(exists.message, 'datapolicies.data.polder.dev "twice" already exists');
    assert.deepEqual(exists.details, { name: 'twice', group: 'data.polder.dev', kind: 'datapolicies' });
    assert.equal(
      terminating.message,
      'object is being deleted: datapolicies.data.polder.dev "twice" already exists',
    );
  });

  it('C92 makes 100 unique names from generateName and cuts what is too long', async () => {
    const make = async (generateName: string): Promise<string> => {
      const { metadata } = await root.create(maps, plain('', {}, { name: undefined, generateName }));
      assert.equal(metadata.generateName, generateName);
      return metadata.name;
    };

    const made = await Promise.all(Array.from({ length: 100 }, () => make('t-')));
    const long = await make('l'.repeat(100));

    assert.equal(new Set(made).size, 100);
    for (const name of made) assert.match(name, /^t-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    assert.equal(long.length, 63);
    assert.match(long, /^l{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('C93 refuses a body that is not what the URL says', async () => {
    const post = (body: unknown) => root.call('POST', path, { body });
    const good = dataPolicy('elsewhere');

    const namespace = await post(dataPolicy('elsewhere', {}, { namespace: 'tn-b' }));
    assert.match(
      expectStatus(namespace, 400, 'BadRequest').message,
      /the namespace of the provided object does not match the namespace sent on the request/,
    );
    for (const wrong of [
      { ...good, apiVersion: 'data.polder.dev/v9' },
      { ...good, apiVersion: 'platform.polder.dev/v1alpha1' },
      { ...good, kind: 'Depot' },
      { ...good, kind: undefined },
      { ...good, apiVersion: undefined },
      [good],
      'text',
      null,
    ]) {
      expectStatus(await post(wrong), 400, 'BadRequest');
    }
    expectStatus(await post(Buffer.from('{"kind":')), 400, 'BadRequest');
    await root.create(path, dataPolicy('here'));
    const renamed = await root.call('PUT', `${path}/here`, { body: dataPolicy('there') });
    assert.match(
      expectStatus(renamed, 400, 'BadRequest').message,
      /the name of the object \(there.*\) does not match the name on the URL \(here\)/,
    );
  });

  it('C94 refuses content of a namespace that is missing or terminating', async () => {
    const missing = await root.call('POST', plainIn('missing'), { body: plain('x') });
    const { message, details } = expectStatus(missing, 404, 'NotFound');
    const name = namespaceIn(plainIn('missing'));
    assert.equal(message, `namespaces "${name}" not found`);
    assert.deepEqual(details, { name, kind: 'namespaces' });

    await server.room('ending');
    const ending = plainIn('ending');
    await root.create(ending, plain('held', {}, { finalizers: ['example.com/hold'] }));
    await root.call('DELETE', `/api/v1/namespaces/${namespaceIn(ending)}`);
    const refused = expectStatus(await root.call('POST', ending, { body: plain('new') }), 403, 'Forbidden');
    assert.match(
      refused.message,
      /unable to create new content in namespace (tn-)?ending because it is being terminated/,
    );
    assert.equal(refused.details.causes[0].reason, 'NamespaceTerminating');
    // What is there may still be changed and deleted.
    expectCode(await root.merge(`${ending}/held`, { data: { a: 'b' } }), 200);
    expectCode(await root.merge(`${ending}/held`, { metadata: { finalizers: null } }), 200);
  });

  it('C107 answers every problem of an invalid spec with its field, and kubectl prints them', async () => {
    const invalid = tenant(
      'wrong',
      {},
      { isolation: 'Moat', quota: { pods: -1 }, admins: [{ kind: 'User' }] },
    );

    const answer = await root.call('POST', TENANTS, { body: invalid });
    const shown = await server.kubectl(['create', '-f', '-'], { input: JSON.stringify(invalid) });

    const { details, message } = expectStatus(answer, 422, 'Invalid');
    assert.equal(details.kind, 'Tenant');
    assert.equal(details.name, 'wrong');
    const causes = new Map(
      details.causes.map((cause: Record<string, string>) => [cause['field'], cause['reason']]),
    );
    assert.equal(causes.get('spec.isolation'), 'FieldValueNotSupported');
    assert.equal(causes.get('spec.quota.pods'), 'FieldValueInvalid');
    assert.equal(causes.get('spec.admins[0].name'), 'FieldValueRequired');
    assert.match(message, /^Tenant\.platform\.polder\.dev "wrong" is invalid: \[/);
    assert.equal(shown.code, 1);
    assert.match(shown.stderr, /^The Tenant "wrong" is invalid: \n/);
    assert.match(
      shown.stderr,
      /^\* spec\.isolation: Unsupported value: "Moat": supported values: "Namespace", /m,
    );
    assert.match(shown.stderr, /^\* spec\.admins\[0\]\.name: Required value/m);
  });
});
