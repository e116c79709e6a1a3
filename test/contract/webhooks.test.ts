/** Checks I of the API contract: other people's webhooks on our kinds, answered by a server of their own. */
import assert from 'node:assert/strict';
import type { Json } from '../support/http.ts';
import { patching, startHookServer, type HookServer } from '../support/hook-server.ts';
import { until } from '../support/until.ts';
import { expectCode, expectStatus, type Answer, type Api } from './support/api.ts';
import { dataPolicy, policiesIn, type Server } from './support/server.ts';
import { startServer } from './support/target.ts';

const REGISTRATION = '/apis/admissionregistration.k8s.io/v1';
/** Nobody listens there. */
const DOWN = 'https://127.0.0.1:1';

describe('contract I: webhooks of others on our kinds', function () {
  this.timeout(120_000);
  const path = policiesIn('tn-a');
  let server: Server;
  let root: Api;
  let hooks: HookServer;
  const installed: string[] = [];

  before(async () => {
    hooks = await startHookServer();
    server = await startServer();
    root = server.root;
    await server.tenant('a');
  });
  after(async () => {
    await server.remove();
    await hooks.close();
  });
  afterEach(async () => {
    for (const url of installed.splice(0)) expectCode(await root.call('DELETE', url), 200);
    hooks.seen.length = 0;
  });

  /** About data policies with the label `check: <label>`, so that checks do not meet. */
  const webhook = (name: string, label: string, more: object = {}): Json => ({
    name: `${name}.example.com`,
    clientConfig: { url: `${hooks.url}/${name}`, caBundle: hooks.caBundle },
    rules: [
      {
        apiGroups: ['data.polder.dev'],
        apiVersions: ['*'],
        operations: ['CREATE', 'UPDATE', 'DELETE'],
        resources: ['datapolicies', 'datapolicies/status'],
        scope: 'Namespaced',
      },
    ],
    objectSelector: { matchLabels: { check: label } },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 5,
    ...more,
  });
  const object = (name: string, label: string, spec: object = {}, metadata: object = {}): Json =>
    dataPolicy(name, spec, { labels: { check: label }, ...metadata });

  const install = async (
    type: 'mutating' | 'validating',
    name: string,
    ...webhooks: readonly Json[]
  ): Promise<void> => {
    const url = `${REGISTRATION}/${type}webhookconfigurations`;
    await root.create(url, { metadata: { name: `c131-${name}` }, webhooks });
    installed.push(`${url}/c131-${name}`);
  };
  /** A configuration takes effect when the server has heard of it: until a dry run is answered otherwise, or asked about. */
  const inEffect = async (label: string): Promise<void> => {
    await until(`webhooks about ${label} are in effect`, async () => {
      const before = hooks.seen.length;
      const answer = await root.call('POST', `${path}?dryRun=All`, { body: object('probe', label) });
      return answer.status !== 201 || hooks.seen.length > before;
    });
    hooks.seen.length = 0;
  };
  const post = (body: Json, query = ''): Promise<Answer> => root.call('POST', `${path}${query}`, { body });
  const paths = (): readonly string[] => hooks.seen.map((each) => each.path);

  it('C131 a validating webhook refuses create, update, status and delete with its own words and code', async () => {
    await install('validating', 'judge', webhook('judge', 'judge'));
    await inEffect('judge');
    const made = expectCode(await post(object('judged', 'judge')), 201).body;
    hooks.on('/judge', ({ operation, subResource = '' }) => ({
      response: {
        allowed: false,
        status: {
          code: 403,
          reason: 'Forbidden',
          message: `no ${operation}${subResource === '' ? '' : ' of status'}`,
        },
      },
    }));
    const controller = await server.controller();
    const attempts: readonly (readonly [Promise<Answer>, string])[] = [
      [post(object('other', 'judge')), 'no CREATE'],
      [
        root.call('PUT', `${path}/judged`, { body: { ...made, spec: { ...made.spec, priority: 7 } } }),
        'no UPDATE',
      ],
      [root.merge(`${path}/judged`, { spec: { priority: 8 } }), 'no UPDATE'],
      [
        controller.api.merge(`${path}/judged/status`, { status: { observedGeneration: 1 } }),
        'no UPDATE of status',
      ],
      [root.call('DELETE', `${path}/judged`), 'no DELETE'],
    ];
    for (const [attempt, why] of attempts) {
      const body = expectStatus(await attempt, 403, 'Forbidden');
      assert.equal(body.message, `admission webhook "judge.example.com" denied the request: ${why}`);
    }
    const { stderr, code } = await server.kubectl(['delete', 'datapolicy', 'judged', '-n', 'tn-a']);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /Error from server \(Forbidden\): admission webhook "judge\.example\.com" denied the request: no DELETE/,
    );
    const last = hooks.seen.at(-1)?.request;
    assert.deepEqual([last.object, last.oldObject.metadata.name, last.namespace], [null, 'judged', 'tn-a']);
    hooks.on('/judge', () => ({ response: { allowed: true } }));
  });

  it('C131 a refusal below 400 becomes 400, and one without words says so', async () => {
    hooks.on('/short', () => ({ response: { allowed: false, status: { code: 200 } } }));
    await install('validating', 'short', webhook('short', 'short'));
    await inEffect('short');
    const { body } = expectCode(await post(object('x', 'short')), 400);
    assert.equal(
      body.message,
      'admission webhook "short.example.com" denied the request without explanation',
    );
  });

  it('C131 tells the webhook who asks what, and relays its warnings', async () => {
    hooks.on('/facts', () => ({ response: { allowed: true, warnings: ['think twice'] } }));
    await install('validating', 'facts', webhook('facts', 'facts'));
    await inEffect('facts');
    const { rawHeaders } = expectCode(await post(object('facts', 'facts')), 201);
    assert.ok(rawHeaders.includes('299 - "think twice"'));
    const { request } = hooks.seen[0] ?? assert.fail('not asked');
    const { uid, userInfo, object: sent, ...others } = request;
    assert.match(uid, /^[0-9a-f-]{36}$/);
    assert.equal(userInfo.username, 'root');
    assert.ok(userInfo.groups.includes('system:authenticated'));
    assert.equal(sent.spec.priority, 50);
    const resource = { group: 'data.polder.dev', version: 'v1alpha1', resource: 'datapolicies' };
    const kind = { group: 'data.polder.dev', version: 'v1alpha1', kind: 'DataPolicy' };
    assert.deepEqual(others, {
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: 'facts',
      namespace: 'tn-a',
      operation: 'CREATE',
      oldObject: null,
      dryRun: false,
      options: { apiVersion: 'meta.k8s.io/v1', kind: 'CreateOptions' },
    });
  });

  it('C131 mutating webhooks run by name, see what others did, again if needed, and before validating ones', async () => {
    const annotate = (key: string) => (request: Json) => {
      const known = request.object.metadata.annotations ?? {};
      const value = String(Number(known[key] ?? '0') + 1);
      return patching({ op: 'add', path: '/metadata/annotations', value: { ...known, [key]: value } });
    };
    hooks.on('/first', annotate('first'));
    hooks.on('/second', ({ object: { metadata } }) => {
      const { first, second } = metadata.annotations ?? {};
      // A probe may come while the first is not in effect yet.
      return first === undefined || second !== undefined
        ? { response: { allowed: true } }
        : patching({ op: 'add', path: '/metadata/annotations/second', value: first });
    });
    // Made in the other order: names decide.
    await install('validating', 'order', webhook('last', 'order'));
    await install('mutating', 'order-b', webhook('second', 'order', { reinvocationPolicy: 'IfNeeded' }));
    await install('mutating', 'order-a', webhook('first', 'order', { reinvocationPolicy: 'IfNeeded' }));
    await until('all three are asked', async () => {
      hooks.seen.length = 0;
      await post(object('probe', 'order'), '?dryRun=All');
      return new Set(paths()).size === 3;
    });
    hooks.seen.length = 0;
    const { body } = expectCode(await post(object('ordered', 'order')), 201);
    assert.deepEqual(paths(), ['/first', '/second', '/first', '/second', '/last']);
    assert.deepEqual(body.metadata.annotations, { first: '2', second: '1' });
    assert.deepEqual(hooks.seen.at(-1)?.request.object.metadata.annotations, body.metadata.annotations);
  });

  it('C131 what a webhook makes of an object is defaulted and validated, and keeps its identity', async () => {
    hooks.on('/reshape', ({ name }) =>
      name === 'wrong'
        ? patching({ op: 'replace', path: '/spec/priority', value: 1000 })
        : patching(
            { op: 'remove', path: '/spec/priority' },
            { op: 'replace', path: '/metadata/name', value: 'elsewhere' },
            { op: 'add', path: '/spec/nothingLikeIt', value: 1 },
          ),
    );
    await install('mutating', 'reshape', webhook('reshape', 'reshape'));
    await inEffect('reshape');
    const { body } = expectCode(await post(object('reshaped', 'reshape', { priority: 7 })), 201);
    assert.deepEqual(
      [body.metadata.name, body.spec.priority, body.spec.nothingLikeIt],
      ['reshaped', 50, undefined],
    );
    const refused = expectStatus(await post(object('wrong', 'reshape')), 422, 'Invalid');
    assert.equal(refused.details.causes[0].field, 'spec.priority');
  });

  it('C131 selectors: of objects by their old or new labels, of namespaces, of rules', async () => {
    const inOthers = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'elsewhere' } } };
    const inTenants = {
      namespaceSelector: { matchExpressions: [{ key: 'polder.dev/tenant', operator: 'Exists' }] },
    };
    const otherRules = [
      { apiGroups: ['data.polder.dev'], apiVersions: ['v1alpha1'], operations: ['*'], resources: ['depots'] },
    ];
    await install(
      'validating',
      'select',
      webhook('here', 'select', inTenants),
      webhook('elsewhere', 'select', inOthers),
      webhook('depots', 'select', { rules: otherRules }),
      webhook('cluster', 'select', { rules: [{ ...otherRules[0], resources: ['*/*'], scope: 'Cluster' }] }),
    );
    await inEffect('select');
    const made = expectCode(await post(object('selected', 'select')), 201).body;
    assert.deepEqual(paths(), ['/here']);
    hooks.seen.length = 0;
    // Taking the label off is seen, because the old object has it; after that nobody asks.
    expectCode(await root.merge(`${path}/selected`, { metadata: { labels: { check: null } } }), 200);
    expectCode(await root.merge(`${path}/selected`, { spec: { priority: 9 } }), 200);
    assert.deepEqual(paths(), ['/here']);
    assert.equal(made.metadata.labels.check, 'select');
  });

  it('C131 match conditions: all must hold; one that cannot be evaluated follows the failure policy', async () => {
    const when = (...expressions: readonly string[]): object => ({
      matchConditions: expressions.map((expression, index) => ({ name: `c${index}`, expression })),
    });
    await install(
      'validating',
      'conditions',
      webhook(
        'yes',
        'conditions',
        when(
          'object.spec.priority == 50',
          'request.operation == "CREATE"',
          '!("x" in object.metadata.labels)',
        ),
      ),
      webhook('no', 'conditions', when('true', 'request.userInfo.username.startsWith("system:")')),
      webhook('ignored', 'conditions', { ...when('object.spec.nothing == 1'), failurePolicy: 'Ignore' }),
      webhook('false-wins', 'conditions', when('object.spec.nothing == 1', 'false')),
    );
    await inEffect('conditions');
    expectCode(await post(object('conditional', 'conditions')), 201);
    assert.deepEqual(paths(), ['/yes']);
    await install('validating', 'broken', webhook('broken', 'broken', when('object.spec.nothing == 1')));
    await until(
      'the broken condition is in effect',
      async () => (await post(object('b', 'broken'), '?dryRun=All')).status !== 201,
    );
    const body = expectStatus(await post(object('b', 'broken')), 403, 'Forbidden');
    assert.match(
      body.message,
      /admission webhook "broken\.example\.com" was not asked: matchCondition "c0": No such key: nothing/,
    );
    assert.equal(paths().includes('/broken'), false);
  });

  it('C131 failurePolicy: a webhook that is down is 500 with Fail and left out with Ignore', async () => {
    const down = { clientConfig: { url: `${DOWN}/x` } };
    await install(
      'validating',
      'left-out',
      webhook('left-out', 'ignore', { ...down, failurePolicy: 'Ignore' }),
    );
    await install('mutating', 'down', webhook('down', 'fail', { ...down, failurePolicy: 'Fail' }));
    await inEffect('fail');
    const body = expectStatus(await post(object('x', 'fail')), 500, 'InternalError');
    assert.match(
      body.message,
      /^Internal error occurred: failed calling webhook "down\.example\.com": failed to call webhook: Post "https:\/\/127\.0\.0\.1:1\/x\?timeout=5s": .*ECONNREFUSED/,
    );
    expectCode(await post(object('left-out', 'ignore')), 201);
  });

  it('C131 a webhook that takes longer than its timeout counts as down', async () => {
    hooks.on('/silent', () => 'silence');
    await install('validating', 'silent', webhook('silent', 'silent', { timeoutSeconds: 1 }));
    await inEffect('silent');
    const body = expectStatus(await post(object('x', 'silent')), 500, 'InternalError');
    assert.match(
      body.message,
      /failed calling webhook "silent\.example\.com": .*timeout=1s": context deadline exceeded$/,
    );
  });

  it('C131 a dry run asks webhooks without side effects and is refused for others', async () => {
    await install(
      'validating',
      'dry',
      webhook('dry', 'dry'),
      webhook('dry-too', 'dry', { sideEffects: 'NoneOnDryRun' }),
    );
    await inEffect('dry');
    expectCode(await post(object('dry', 'dry'), '?dryRun=All'), 201);
    assert.deepEqual([...paths()].sort(), ['/dry', '/dry-too']);
    assert.deepEqual(
      hooks.seen.map(({ request }) => [request.dryRun, request.options.dryRun]),
      [
        [true, ['All']],
        [true, ['All']],
      ],
    );
    // source: admissionregistration/v1 takes None and NoneOnDryRun only; older objects may still say Some.
    const some = webhook('some', 'some', { sideEffects: 'Some' });
    const url = `${REGISTRATION}/validatingwebhookconfigurations`;
    expectStatus(
      await root.call('POST', url, { body: { metadata: { name: 'c131-some' }, webhooks: [some] } }),
      422,
      'Invalid',
    );
  });

  it('C131 answers that are none count as no answer: another uid, another kind, a patch where none may be', async () => {
    const cases: readonly (readonly [string, Json, RegExp])[] = [
      [
        'uid',
        { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: 'x', allowed: true } },
        /expected response\.uid="[0-9a-f-]+", got "x"/,
      ],
      ['empty', {}, /webhook response was absent/],
      ['text', 'hello', /the answer is not valid JSON/],
    ];
    for (const [name, body, why] of cases) {
      hooks.on(`/${name}`, () => ({ body }));
      await install('validating', name, webhook(name, name));
      await inEffect(name);
      const answer = expectStatus(await post(object('x', name)), 500, 'InternalError');
      assert.match(answer.message, why);
    }
    hooks.on('/changes', () => patching({ op: 'add', path: '/spec/x', value: 1 }));
    await install('validating', 'changes', webhook('changes', 'changes'));
    await inEffect('changes');
    assert.match(
      (await post(object('x', 'changes'))).body.message,
      /validating webhook may not return response\.patch/,
    );
    hooks.on('/fails', () => ({ body: 'out of order', status: 503 }));
    await install('validating', 'fails', webhook('fails', 'fails'));
    await inEffect('fails');
    assert.match(
      (await post(object('x', 'fails'))).body.message,
      /an error on the server \("out of order"\) with code 503/,
    );
  });

  it('C131 a webhook never sees a value of a Credential', async () => {
    await install(
      'mutating',
      'secrets',
      webhook('secrets', 'secrets', {
        rules: [
          {
            apiGroups: ['data.polder.dev'],
            apiVersions: ['*'],
            operations: ['*'],
            resources: ['credentials'],
          },
        ],
      }),
    );
    const credential = {
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'Credential',
      metadata: { name: 'made', labels: { check: 'secrets' } },
      spec: { type: 'token', source: 'Generated', generator: { keys: [{ name: 'token' }] } },
    };
    const credentials = path.replace('datapolicies', 'credentials');
    await until('the webhook is asked', async () => {
      await root.call('POST', `${credentials}?dryRun=All`, { body: credential });
      return hooks.seen.length > 0;
    });
    const inline = {
      ...credential,
      spec: { type: 'token', source: 'Inline', stringData: { token: 'SENTINEL-C131' } },
    };
    await root.call('POST', credentials, { body: inline });
    assert.equal(JSON.stringify(hooks.seen).includes('SENTINEL-C131'), false);
  });
});
