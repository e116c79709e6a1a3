/** Checks I of the API contract: what webhooks of others are told of the options of a request. */
import assert from 'node:assert/strict';
import type { Json } from '../support/http.ts';
import { startHookServer, type HookServer } from '../support/hook-server.ts';
import { until } from '../support/until.ts';
import { expectCode, type Api } from './support/api.ts';
import { dataPolicy, policiesIn, type Server } from './support/server.ts';
import { startServer } from './support/target.ts';
import { requireOptions } from './support/webhook-options.ts';

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

describe('contract I: the options that webhooks of others are told', function () {
  this.timeout(120_000);
  const path = policiesIn('tn-a');
  let server: Server;
  let root: Api;
  let hooks: HookServer;

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

  const make = (name: string, check: string): Json => dataPolicy(name, {}, { labels: { check } });
  /** Resolves when the webhook is asked. */
  const install = async (name: string, matchConditions: readonly Json[] = []): Promise<void> => {
    const webhook = {
      name: `${name}.example.com`,
      clientConfig: { url: `${hooks.url}/${name}`, caBundle: hooks.caBundle },
      rules: [
        {
          apiGroups: ['data.polder.dev'],
          apiVersions: ['*'],
          operations: ['*'],
          resources: ['datapolicies'],
        },
      ],
      objectSelector: { matchLabels: { check: name } },
      matchConditions,
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    await root.create(CONFIGURATIONS, { metadata: { name: `c131-${name}` }, webhooks: [webhook] });
    await until(`webhooks about ${name} are in effect`, async () => {
      await root.call('POST', `${path}?dryRun=All&fieldManager=probe`, { body: make('probe', name) });
      return hooks.seen.length > 0;
    });
    hooks.seen.length = 0;
  };

  it('C131 are those of the request as it was sent, without defaults, by the words of Kubernetes', async () => {
    await install('options');
    await requireOptions({ root, hooks, path, make: (name) => make(name, 'options') });
  });

  it('C131 are those that kubectl sends', async () => {
    await install('kubectl');
    const told = async (args: readonly string[], input?: Json): Promise<readonly Json[]> => {
      const options = input === undefined ? {} : { input: JSON.stringify(input) };
      const { code, stderr } = await server.kubectl([...args, '-n', 'tn-a'], options);
      assert.equal(code, 0, stderr);
      return hooks.seen.splice(0).map(
        ({
          request: {
            options: { kind, fieldManager, fieldValidation, propagationPolicy },
          },
        }) => [kind, fieldManager ?? propagationPolicy, fieldValidation],
      );
    };
    const object = make('k', 'kubectl');
    const created = [['CreateOptions', 'kubectl-create', 'Strict']];
    assert.deepEqual(await told(['create', '-f', '-'], object), created);
    assert.deepEqual(await told(['label', 'datapolicy', 'k', 'a=b']), [
      ['UpdateOptions', 'kubectl-label', undefined],
    ]);
    assert.deepEqual(await told(['replace', '-f', '-'], object), [
      ['UpdateOptions', 'kubectl-replace', 'Strict'],
    ]);
    assert.deepEqual(await told(['apply', '--server-side', '--field-manager=me', '-f', '-'], object), [
      ['UpdateOptions', 'me', 'Strict'],
    ]);
    assert.deepEqual(await told(['delete', 'datapolicy', 'k']), [['DeleteOptions', 'Background', undefined]]);
  });

  it('C131 can be asked for by match conditions', async () => {
    hooks.on('/matched', () => ({ response: { allowed: false } }));
    await install('matched', [
      { name: 'manager', expression: "request.options.?fieldManager.orValue('') in ['probe', 'bad']" },
      { name: 'not-strict', expression: '!has(request.options.fieldValidation)' },
    ]);
    const send = (query: string) =>
      root.call('POST', `${path}?dryRun=All${query}`, { body: make('m', 'matched') });
    expectCode(await send('&fieldManager=bad'), 400);
    for (const query of ['', '&fieldManager=good', '&fieldManager=bad&fieldValidation=Warn'])
      expectCode(await send(query), 201);
  });
});
