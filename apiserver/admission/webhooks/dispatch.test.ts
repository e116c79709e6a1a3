import assert from 'node:assert/strict';
import type { AdmissionRequest } from '../../api/admission.ts';
import { ApiError } from '../../api/errors.ts';
import type { JsonObject } from '../../api/json.ts';
import { Depot } from '../../kinds/depot.ts';
import { ValidatingWebhookConfiguration } from '../../kinds/native/validating-webhook-configuration.ts';
import { silentLog } from '../../runtime/log.ts';
import { createMetrics } from '../../runtime/metrics.ts';
import { patchedByWebhook } from '../../webhook-sources.ts';
import { patching, startHookServer, type HookServer } from '../../../test/support/hook-server.ts';
import { controllers, user } from '../../../test/support/policy.ts';
import { createCaller, type Caller } from './call.ts';
import { createWebhooks, type Webhooks } from './dispatch.ts';
import { hooksOf, type HookType } from './hook.ts';

describe('dispatch to webhooks of others', () => {
  let hooks: HookServer;
  let caller: Caller;
  before(async () => {
    hooks = await startHookServer();
    caller = createCaller();
  });
  after(async () => {
    caller.close();
    await hooks.close();
  });
  beforeEach(() => {
    hooks.seen.length = 0;
  });

  const object: JsonObject = {
    apiVersion: 'data.polder.dev/v1alpha1',
    kind: 'Depot',
    metadata: { name: 'd', namespace: 'tn-acme' },
    spec: { type: 'S3', connection: { bucket: 'b' } },
  };

  interface Made {
    readonly webhooks: Webhooks;
    readonly request: AdmissionRequest;
    readonly annotations: Map<string, string>;
    readonly warnings: string[];
  }

  function make(
    type: HookType,
    webhook: JsonObject,
    more: Partial<AdmissionRequest> = {},
    hasSynced = true,
  ): Made {
    const entry = {
      name: 'hook.example.com',
      clientConfig: { url: `${hooks.url}/hook`, caBundle: hooks.caBundle },
      rules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      ...webhook,
    };
    const configuration = { metadata: { name: 'c' }, webhooks: [entry] };
    const webhooks = createWebhooks({
      source: {
        hasSynced,
        hooks: (asked) => (asked === type ? hooksOf(type, [configuration]) : []),
        namespaceLabels: () => ({}),
      },
      caller,
      patched: patchedByWebhook,
      log: silentLog,
      metrics: createMetrics(),
    });
    const annotations = new Map<string, string>();
    const warnings: string[] = [];
    const request: AdmissionRequest = {
      operation: 'CREATE',
      kind: Depot,
      subresource: '',
      namespace: 'tn-acme',
      name: 'd',
      user: user('ann'),
      dryRun: false,
      object,
      oldObject: undefined,
      warn: (text) => void warnings.push(text),
      annotate: (key, value) => void annotations.set(key, value),
      ...more,
    };
    return { webhooks, request, annotations, warnings };
  }

  const refusal = async (promise: Promise<unknown>): Promise<ApiError> => {
    try {
      await promise;
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
    return assert.fail('nothing was refused');
  };

  it('C131 refuses a dry run for a webhook with side effects, whatever its failure policy', async () => {
    for (const sideEffects of ['Some', 'Unknown']) {
      const { webhooks, request } = make(
        'Validating',
        { sideEffects, failurePolicy: 'Ignore' },
        { dryRun: true },
      );
      const { code, message } = await refusal(webhooks.validate(request));
      assert.equal(code, 400);
      assert.equal(message, 'admission webhook "hook.example.com" does not support dry run');
    }
    assert.equal(hooks.seen.length, 0);
  });

  it('C131 relays audit annotations under the name of the webhook, and notes what changed the object', async () => {
    hooks.on('/hook', () => patching({ op: 'add', path: '/spec/description', value: 'from a hook' }));
    const { webhooks, request, annotations } = make('Mutating', {});
    const changed = await webhooks.mutate(request, object, (same) => same);
    assert.equal((changed['spec'] as JsonObject)['description'], 'from a hook');
    const note = JSON.parse(
      annotations.get('mutation.webhook.admission.k8s.io/round_0_index_0') ?? '{}',
    ) as JsonObject;
    assert.deepEqual(note, { configuration: 'c', webhook: 'hook.example.com', mutated: true });
    hooks.on('/hook', () => ({ response: { allowed: true, auditAnnotations: { seen: 'yes' } } }));
    const second = make('Validating', {});
    await second.webhooks.validate(second.request);
    assert.deepEqual([...second.annotations], [['hook.example.com/seen', 'yes']]);
  });

  it('asks those that change things about a delete too, and refuses their patch', async () => {
    hooks.on('/hook', () => patching({ op: 'add', path: '/spec/description', value: 'x' }));
    const deletion = { operation: 'DELETE', object: undefined, oldObject: object } as const;
    const { webhooks, request } = make('Mutating', {}, deletion);
    const { code, message } = await refusal(webhooks.validate(request));
    assert.equal(code, 500);
    assert.match(message, /attempted to modify the object, which is not supported for this operation/);
  });

  it('answers 500 for a patch that does not fit, also with Ignore', async () => {
    hooks.on('/hook', () => patching({ op: 'remove', path: '/spec/nothing' }));
    const { webhooks, request } = make('Mutating', { failurePolicy: 'Ignore' });
    assert.equal((await refusal(webhooks.mutate(request, object, (same) => same))).code, 500);
  });

  it('notes a webhook that was left out', async () => {
    const down = { clientConfig: { url: 'https://127.0.0.1:1/x' }, failurePolicy: 'Ignore' };
    const { webhooks, request, annotations } = make('Validating', down);
    await webhooks.validate(request);
    assert.equal(
      annotations.get('failed-open.validating.webhook.admission.k8s.io/round_0_index_0'),
      'hook.example.com',
    );
  });

  it('lets nobody but our components through before the configurations are known', async () => {
    const { webhooks, request } = make('Validating', {}, {}, false);
    assert.equal(webhooks.concerns('Validating', request), true);
    assert.equal((await refusal(webhooks.validate(request))).code, 403);
    assert.equal(webhooks.concerns('Validating', { ...request, user: controllers }), false);
  });

  it('is not concerned with configurations of webhooks: nobody locks everybody out', () => {
    const { webhooks, request } = make('Validating', {});
    assert.equal(
      webhooks.concerns('Validating', { ...request, kind: ValidatingWebhookConfiguration }),
      false,
    );
  });

  it('stops asking when nobody waits for the answer any more', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    hooks.on('/hook', () => {
      resolve(undefined);
      return 'silence';
    });
    const gone = new AbortController();
    const { webhooks, request } = make('Validating', {}, { within: gone });
    const answer = webhooks.validate(request);
    await promise;
    gone.abort(new ApiError('Timeout', 'gone'));
    assert.equal((await refusal(answer)).code, 504);
  });

  it('does not trust a webhook that another authority vouches for', async () => {
    const { webhooks, request } = make('Validating', { clientConfig: { url: `${hooks.url}/hook` } });
    assert.match((await refusal(webhooks.validate(request))).message, /failed calling webhook .*certificate/);
  });
});
