/** Checks F of the API contract: dry run, field validation, metadata, limits of bodies, and kubectl's commands. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../support/http.ts';
import { expectCode, expectStatus, type Answer, type Api } from './support/api.ts';
import { configMap, configMapsIn, dataPolicy, policiesIn, type Server } from './support/server.ts';
import { startServer } from './support/target.ts';

const MERGE = 'application/merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
const APPLY = 'application/apply-patch+yaml';
const MIB = 1024 * 1024;

/** Every Warning header; Node joins them. */
const warningsOf = ({ rawHeaders }: Answer): string[] =>
  rawHeaders.filter((_, index) => rawHeaders[index - 1] === 'Warning');

describe('contract F: options and limits of writes', function () {
  this.timeout(60_000);
  const path = policiesIn('tn-a');
  const maps = configMapsIn('plain');
  let server: Server;
  let root: Api;
  before(async () => {
    server = await startServer();
    root = server.root;
    await server.tenant('a');
    await server.namespace('plain');
  });
  after(() => server.remove());

  it('C105 a dry run of every verb answers realistically, stores nothing and is not seen', async () => {
    const object = await root.create(path, dataPolicy('dry'));
    const list = await root.read(path);
    const watch = await root.watch(`${path}?watch=1&resourceVersion=${list.metadata.resourceVersion}`);
    const dry = '?dryRun=All';
    const call = (method: string, url: string, body?: unknown, type?: string): Promise<Answer> =>
      root.call(method, url, { body, ...(type === undefined ? {} : { type }) });

    const created = expectCode(await call('POST', `${path}${dry}`, dataPolicy('never')), 201).body;
    const changed = { ...object, spec: { ...object.spec, priority: 88 } };
    const replaced = expectCode(await call('PUT', `${path}/dry${dry}`, changed), 200).body;
    const patch = { spec: { priority: 89 } };
    const merged = expectCode(await call('PATCH', `${path}/dry${dry}`, patch, MERGE), 200).body;
    const applied = expectCode(
      await call(
        'PATCH',
        `${path}/dry${dry}&fieldManager=m&force=true`,
        dataPolicy('dry', patch.spec),
        APPLY,
      ),
      200,
    ).body;
    const deleted = expectCode(await call('DELETE', `${path}/dry${dry}`), 200).body;
    const inBody = expectCode(await call('DELETE', `${path}/dry`, { dryRun: ['All'] }), 200).body;
    const collection = expectCode(await call('DELETE', `${path}${dry}`), 200).body;
    expectStatus(await call('POST', `${path}${dry}`, dataPolicy('dry')), 409, 'AlreadyExists');
    const invalid = dataPolicy('never', { priority: 0 });
    expectStatus(await call('POST', `${path}${dry}`, invalid), 422, 'Invalid');
    for (const [method, url] of [
      ['POST', path],
      ['PUT', `${path}/dry`],
      ['DELETE', `${path}/dry`],
    ] as const) {
      expectStatus(
        await call(method, `${url}?dryRun=x`, method === 'DELETE' ? undefined : object),
        422,
        'Invalid',
      );
    }

    assert.match(created.metadata.uid, /^[0-9a-f-]{36}$/);
    assert.equal(created.spec.priority, 50);
    assert.deepEqual([replaced.spec.priority, replaced.metadata.generation], [88, 2]);
    assert.deepEqual([merged.spec.priority, applied.spec.priority], [89, 89]);
    assert.equal(deleted.status, 'Success');
    assert.equal(inBody.status, 'Success');
    assert.equal(collection.items.length, list.items.length);
    assert.deepEqual((await root.read(path)).items, list.items);
    await root.create(path, dataPolicy('real'));
    const event = await watch.next();
    watch.close();
    assert.equal(event.object.metadata.name, 'real', 'a dry run was seen');
  });

  describe('C106 field validation', () => {
    const { metadata, spec, ...type } = dataPolicy('strange');
    const text = (name: string): string =>
      JSON.stringify({
        ...type,
        metadata: { ...metadata, name, nick: 'x' },
        spec: { ...spec, colour: 1 },
      }).replace('"depot":"crm"', '"depot":"old","depot":"crm"');
    const post = (mode: string, name: string) =>
      root.call('POST', `${path}?fieldValidation=${mode}`, { body: text(name) });

    it('C106 Strict refuses unknown and repeated fields by path', async () => {
      const { message } = expectStatus(await post('Strict', 'strict'), 400, 'BadRequest');

      assert.match(message, /strict decoding error: /);
      for (const problem of [
        'unknown field "metadata.nick"',
        'unknown field "spec.colour"',
        'duplicate field "spec.depot"',
      ]) {
        assert.ok(message.includes(problem), message);
      }
      expectStatus(await root.call('GET', `${path}/strict`), 404, 'NotFound');
    });

    it('C106 Warn drops them and says so, once each, and is the default', async () => {
      for (const mode of ['Warn', '']) {
        const answer = expectCode(await post(mode, `warn${mode === '' ? '-default' : ''}`), 201);
        assert.deepEqual(warningsOf(answer).sort(), [
          '299 - "duplicate field \\"spec.depot\\""',
          '299 - "unknown field \\"metadata.nick\\""',
          '299 - "unknown field \\"spec.colour\\""',
        ]);
        assert.equal(answer.body.spec.depot, 'crm', 'the last one wins');
        assert.equal(answer.body.spec.colour, undefined);
      }
    });

    it('C106 Ignore says nothing, and anything else is refused', async () => {
      const answer = expectCode(await post('Ignore', 'ignore'), 201);

      assert.deepEqual(warningsOf(answer), []);
      assert.equal(answer.body.spec.colour, undefined);
      expectStatus(await post('Loud', 'loud'), 422, 'Invalid');
    });

    it('C106 a Strict patch is refused as a field', async () => {
      await root.create(path, dataPolicy('patched'));
      const body = { spec: { colour: 1 } };

      const answer = await root.call('PATCH', `${path}/patched?fieldValidation=Strict`, {
        body,
        type: MERGE,
      });

      const { details, message } = expectStatus(answer, 422, 'Invalid');
      assert.equal(details.causes[0].field, 'patch');
      assert.match(message, /strict decoding error: unknown field "spec\.colour"/);
    });
  });

  it('C108 refuses bad metadata in the words of Kubernetes', async () => {
    const owner = (extra: object): object => ({
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u-1', ...extra }],
    });
    const controllers = [1, 2].map((index) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: `o${index}`,
      uid: `u-${index}`,
      controller: true,
    }));
    const rows: readonly (readonly [object, string, RegExp])[] = [
      [{ name: 'Not_Valid' }, 'metadata.name', /a lowercase RFC 1123 subdomain must consist of/],
      [{ name: 'a'.repeat(254) }, 'metadata.name', /must be no more than 253 (characters|bytes)/],
      [{ labels: { a: 'x'.repeat(64) } }, 'metadata.labels', /must be no more than 63 (characters|bytes)/],
      [{ labels: { 'a b': 'x' } }, 'metadata.labels', /name part must consist of alphanumeric characters/],
      [
        { annotations: { a: 'x'.repeat(257 * 1024) } },
        'metadata.annotations',
        /may not be more than 262144 bytes/,
      ],
      [
        { finalizers: ['x'] },
        'metadata.finalizers',
        /name is neither a standard finalizer name nor is it fully qualified/,
      ],
      [
        { ownerReferences: controllers },
        'metadata.ownerReferences',
        /Only one reference can have Controller set to true/,
      ],
      [
        owner({ kind: 'Event' }),
        'metadata.ownerReferences',
        /\/v1, Kind=Event is disallowed from being an owner/,
      ],
      [owner({ uid: '' }), 'metadata.ownerReferences.uid', /Invalid value: "": must not be empty/],
    ];
    for (const [metadata, field, why] of rows) {
      const answer = await root.call('POST', path, { body: dataPolicy('bad', {}, metadata) });
      const { details } = expectStatus(answer, 422, 'Invalid');
      const cause = details.causes.find((one: Json) => why.test(one.message));
      assert.ok(cause, `${String(why)}: ${answer.text.slice(0, 500)}`);
      assert.ok(cause.field.startsWith(field), `${cause.field} for ${field}`);
    }
  });

  it('C109 drops repeated owner references with a warning', async () => {
    const one = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner' };
    const { metadata } = await root.create(maps, configMap('owner'));
    const reference = { ...one, uid: metadata.uid };

    const answer = await root.call('POST', maps, {
      body: configMap('owned', {}, { ownerReferences: [reference, reference] }),
    });

    assert.deepEqual(expectCode(answer, 201).body.metadata.ownerReferences, [reference]);
    const [warning = ''] = warningsOf(answer);
    assert.match(warning, /^299 - "\.?metadata\.ownerReferences contains duplicate entries/);
    assert.ok(warning.includes(metadata.uid), warning);
  });

  it('C110 answers 413 to what is too large, as a Status', async () => {
    const large = JSON.stringify(configMap('large', { text: 'x'.repeat(3 * MIB + 1) }));
    const operations = Array.from({ length: 10_001 }, () => ({
      op: 'test',
      path: '/kind',
      value: 'ConfigMap',
    }));
    await root.create(maps, configMap('small'));

    for (const [method, url, type] of [
      ['POST', maps, 'application/json'],
      ['PUT', `${maps}/small`, 'application/yaml'],
      ['PATCH', `${maps}/small`, MERGE],
    ] as const) {
      const answer = await root.call(method, url, { body: large, type });
      expectStatus(answer, 413, 'RequestEntityTooLarge');
    }
    const patch = { body: operations, type: JSON_PATCH };
    expectStatus(await root.call('PATCH', `${maps}/small`, patch), 413, 'RequestEntityTooLarge');
    const allowed = { body: operations.slice(1), type: JSON_PATCH };
    expectCode(await root.call('PATCH', `${maps}/small`, allowed), 200);
  });

  it('C110 answers 413 to YAML of too many tokens, wherever it is read, and takes the same as JSON', async () => {
    const many = Array.from({ length: 30_000 }, (_, index) => [`l${index}`, 'x'] as const);
    const body = dataPolicy('many');
    const object = { ...body, metadata: { ...body.metadata, annotations: Object.fromEntries(many) } };
    const text = JSON.stringify(object);
    // A comment behind it, and it is no JSON.
    const large = `${text} # YAML`;
    const yaml = 'application/yaml';
    await root.create(path, dataPolicy('tokens'));

    for (const [method, url, type] of [
      ['POST', path, yaml],
      ['PUT', `${path}/tokens`, yaml],
      ['PATCH', `${path}/tokens?fieldManager=me`, APPLY],
      ['DELETE', `${path}/tokens`, yaml],
      ['DELETE', path, yaml],
    ] as const) {
      const answer = await root.call(method, url, { body: large, type });
      expectStatus(answer, 413, 'RequestEntityTooLarge');
      assert.match(answer.body.message, /send the same as JSON/, method);
    }
    expectCode(await root.call('POST', path, { body: text, type: yaml }), 201);
    const long = `${JSON.stringify(dataPolicy('long'))}${' # a long comment'.repeat(50_000)}`;
    expectCode(await root.call('POST', path, { body: long, type: yaml }), 201);
  });

  it('C111 keeps odd keys and whole numbers as they were sent, or refuses them', async () => {
    const raw = (name: string): string =>
      `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}","labels":{"constructor":"l"},` +
      `"annotations":{"__proto__":"a","toString":"t"}},"data":{"__proto__":"p","constructor":"c","hasOwnProperty":"h"}}`;
    const answer = await root.call('POST', maps, { body: raw('odd') });
    const stored = await root.call('GET', `${maps}/odd`);

    // `__proto__` is no label or annotation key of Kubernetes: it must begin with a letter or digit.
    expectStatus(answer, 422, 'Invalid');
    expectStatus(stored, 404, 'NotFound');
    const valid = raw('odd').replace('"__proto__":"a",', '');
    expectCode(await root.call('POST', maps, { body: valid }), 201);
    const { text } = await root.call('GET', `${maps}/odd`);
    for (const part of [
      '"__proto__":"p"',
      '"constructor":"c"',
      '"hasOwnProperty":"h"',
      '"constructor":"l"',
    ]) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }
    const merge = `{"data":{"__proto__":"q","polluted":"no"}}`;
    expectCode(await root.call('PATCH', `${maps}/odd`, { body: merge, type: MERGE }), 200);
    assert.ok((await root.call('GET', `${maps}/odd`)).text.includes('"__proto__":"q"'));
    assert.equal((await root.read(`${maps}?labelSelector=constructor%3Dl`)).items.length, 1);
    assert.equal((await root.read(`${maps}?labelSelector=toString`)).items.length, 0);
    expectStatus(await root.call('GET', `${maps}?labelSelector=__proto__`), 400, 'BadRequest');
    expectCode(await root.call('GET', '/apis/constructor'), 404);
    expectCode(await root.call('GET', '/api/v1/namespaces/__proto__/constructor/toString'), 404);

    const numbered = (value: string): string =>
      JSON.stringify(dataPolicy('numbered', { priority: 'HERE' })).replace('"HERE"', value);
    for (const value of ['1.5', '9007199254740993', '1e999', '"7"']) {
      const refused = await root.call('POST', path, { body: numbered(value) });
      assert.ok(refused.status === 422 || refused.status === 400, `${value}: ${refused.text}`);
    }
    const whole = await root.call('POST', path, { body: numbered('7.0') });
    assert.equal(expectCode(whole, 201).body.spec.priority, 7);
    assert.match(whole.text, /"priority":7[,}]/);
  });

  it('C111 keeps 64-bit numbers exactly or refuses them', async () => {
    const { api } = await server.controller();
    await root.create(path, dataPolicy('wide'));
    const patch = (value: string) =>
      api.call('PATCH', `${path}/wide/status`, {
        body: `{"status":{"perPlane":[{"plane":"eu1","generation":${value}}]}}`,
        type: MERGE,
      });

    for (const value of [
      '9007199254740991',
      '9007199254740993',
      '9223372036854775807',
      '9223372036854775808',
    ]) {
      const answer = await patch(value);
      if (answer.status === 200) {
        assert.ok((await root.call('GET', `${path}/wide`)).text.includes(`"generation":${value}}`), value);
        continue;
      }
      assert.ok(answer.status === 422 || answer.status === 400, answer.text);
      assert.notEqual(value, '9007199254740991', 'a number that fits was refused');
    }
  });

  it('C112 kubectl edits, replaces, labels, annotates and prunes', async () => {
    const kubectl = (args: string[], input?: string, env = {}) =>
      server.ok([...args, '-n', 'tn-a'], { ...(input === undefined ? {} : { input }), env });
    const write = (name: string, labels: object, spec = {}): string =>
      JSON.stringify(dataPolicy(name, spec, { namespace: 'tn-a', labels }));
    await kubectl(['create', '-f', '-'], write('tool', { a: '1' }));

    const editor = join(server.dir, 'editor.sh');
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/priority: 50/priority: 61/" "$1"\n', { mode: 0o700 });
    assert.match(await kubectl(['edit', 'dpol', 'tool'], undefined, { KUBE_EDITOR: editor }), /tool edited$/);
    const edited = await root.read(`${path}/tool`);
    assert.equal(edited.spec.priority, 61);
    assert.ok(edited.metadata.managedFields.some(({ manager }: Json) => manager === 'kubectl-edit'));
    await kubectl(['replace', '-f', '-'], write('tool', { a: '1' }, { priority: 62 }));
    assert.equal((await root.read(`${path}/tool`)).spec.priority, 62);
    await kubectl(['label', 'dpol', 'tool', 'a=2', '--overwrite']);
    await kubectl(['annotate', 'dpol', 'tool', 'note=x']);
    const refused = await server.kubectl(['label', 'dpol', 'tool', 'a=3', '-n', 'tn-a']);
    assert.equal(refused.code, 1);
    const { metadata } = await root.read(`${path}/tool`);
    assert.deepEqual(metadata.labels, { a: '2' });
    assert.deepEqual(metadata.annotations, { note: 'x' });
    const managers = metadata.managedFields.map(({ manager }: Json) => manager);
    for (const manager of ['kubectl-replace', 'kubectl-label', 'kubectl-annotate']) {
      assert.ok(managers.includes(manager), `${manager} in ${managers.join(' ')}`);
    }
  });

  it('C112 kubectl apply prunes by label and by applyset', async () => {
    const kind = 'data.polder.dev/v1alpha1/DataPolicy';
    const file = (...names: string[]): string =>
      names
        .map((name) => JSON.stringify(dataPolicy(name, {}, { namespace: 'tn-a', labels: { app: 'prune' } })))
        .join('\n');
    const names = async (): Promise<string[]> =>
      (await root.read(`${path}?labelSelector=app%3Dprune`)).items.map((item: Json) => item.metadata.name);
    const apply = (input: string, ...flags: string[]) =>
      server.ok(['apply', '-f', '-', '-n', 'tn-a', ...flags], { input });
    const prune = ['--prune', '-l', 'app=prune', '--prune-allowlist', kind];

    await apply(file('p1', 'p2'), ...prune);
    const output = await apply(file('p1'), ...prune);
    assert.match(output, /p2 pruned$/m);
    assert.deepEqual(await names(), ['p1']);

    const set = ['--server-side', '--force-conflicts', '--prune', '--applyset=configmap/set'];
    const env = { env: { KUBECTL_APPLYSET: 'true' } };
    const inSet = (input: string) =>
      server.ok(['apply', '-f', '-', '-n', 'plain', ...set], { input, ...env });
    const maps2 = (...all: string[]): string =>
      all.map((name) => JSON.stringify(configMap(name, {}, { namespace: 'plain' }))).join('\n');
    await inSet(maps2('s1', 's2'));
    assert.match(await inSet(maps2('s1')), /s2 pruned$/m);
    expectStatus(await root.call('GET', `${maps}/s2`), 404, 'NotFound');
    expectCode(await root.call('GET', `${maps}/s1`), 200);
  });
});
