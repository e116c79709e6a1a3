import assert from 'node:assert/strict';
import { at, type JsonObject } from '../apiserver/api/json.ts';
import { MutatingWebhookConfiguration } from '../apiserver/kinds/native/mutating-webhook-configuration.ts';
import { ValidatingWebhookConfiguration } from '../apiserver/kinds/native/validating-webhook-configuration.ts';
import { compileSelector } from '../apiserver/policy/operators.ts';
import { CLUSTER_PROGRAMS } from '../apiserver/policy/cluster-users.ts';
import { GOVERNED } from '../apiserver/policy/native/governed.ts';
import { PROTECTED_NAMESPACES } from '../apiserver/api/identity.ts';
import { webhookConfigurations } from './registrations.ts';
import { WATCHED_KINDS } from './native-kinds.ts';
import { HOOKS } from './hooks.ts';
import { kindOf } from '../apiserver/policy/actions.ts';

const webhooks = (): readonly JsonObject[] =>
  webhookConfigurations().flatMap((document) => document['webhooks'] as JsonObject[]);

describe('webhook registrations', () => {
  it('X3 can never select a system namespace, whatever labels it carries', () => {
    for (const webhook of webhooks()) {
      const selects = compileSelector(webhook['namespaceSelector']) ?? assert.fail();
      for (const name of PROTECTED_NAMESPACES) {
        const labels = {
          'kubernetes.io/metadata.name': name,
          'polder.dev/tenant': 'acme',
          'polder.dev/tenant-uid': 'u',
        };
        assert.equal(selects(labels), false, `${String(webhook['name'])} selects ${name}`);
      }
      assert.equal(selects({ 'kubernetes.io/metadata.name': 'tn-acme', 'polder.dev/tenant': 'acme' }), true);
    }
    const objects = webhooks().filter(({ name }) => !String(name).startsWith('namespaces.'));
    for (const webhook of objects) {
      const selects = compileSelector(webhook['namespaceSelector']) ?? assert.fail();
      assert.equal(selects({ 'kubernetes.io/metadata.name': 'default' }), false);
    }
  });

  it('names concrete kinds, short timeouts and no side effects', () => {
    for (const webhook of webhooks()) {
      assert.ok(String(webhook['name']).split('.').length >= 3);
      assert.ok(Number(webhook['timeoutSeconds']) <= 3);
      assert.equal(webhook['sideEffects'], 'None');
      assert.deepEqual(webhook['admissionReviewVersions'], ['v1']);
      const rules = webhook['rules'] as readonly { readonly resources: readonly string[] }[];
      assert.ok(rules.length > 0);
      assert.ok(rules.every(({ resources }) => resources.every((resource) => !resource.includes('*'))));
    }
    const failing = webhooks()
      .filter(({ failurePolicy }) => failurePolicy === 'Ignore')
      .map(({ name }) => name);
    assert.deepEqual(failing, ['advice.polder.dev']);
  });

  it('asks about every kind that rules govern, and about namespaces by an entry of their own', () => {
    const asked = new Set(WATCHED_KINDS.map(({ kind }) => kindOf(kind.group, kind.plural)));
    for (const resource of GOVERNED) assert.ok(asked.has(resource), resource);
    const isolation = webhooks().filter(({ name }) => String(name).endsWith('isolation.polder.dev'));
    assert.deepEqual(
      isolation.map(({ name }) => name),
      ['isolation.polder.dev', 'namespaces.isolation.polder.dev'],
    );
    assert.equal(HOOKS.length, 4);
  });

  it('X3 asks about every other way to write a workload, a pod and a label, but not what the cluster reports', () => {
    const isolation =
      webhooks().find(({ name }) => name === 'isolation.polder.dev') ?? assert.fail('no such entry');
    const rules = isolation['rules'] as readonly { readonly resources: readonly string[] }[];
    const asked = new Set(rules.flatMap(({ resources }) => resources));
    for (const { kind, subresources } of WATCHED_KINDS.filter((each) => each.kind.scope === 'Namespaced')) {
      if (kind.hasStatus) assert.ok(subresources.includes('status'), `${kind.plural}/status`);
      if (kind.scale !== undefined) assert.ok(subresources.includes('scale'), `${kind.plural}/scale`);
    }
    for (const each of 'eviction binding resize status ephemeralcontainers'.split(' ')) {
      assert.ok(asked.has(`pods/${each}`), each);
    }
    for (const each of ['bindings', 'controllerrevisions', 'podtemplates']) assert.ok(asked.has(each), each);
    const conditions = JSON.stringify(isolation['matchConditions']);
    for (const program of CLUSTER_PROGRAMS) assert.ok(conditions.includes(program), program);
  });

  it('is accepted by the kinds as the local plane serves them', () => {
    for (const [index, kind] of [MutatingWebhookConfiguration, ValidatingWebhookConfiguration].entries()) {
      const document = webhookConfigurations()[index] ?? assert.fail();
      assert.equal(document['kind'], kind.kind);
      assert.deepEqual(kind.check(document, undefined), []);
      assert.notEqual(at(document, 'metadata.name'), undefined);
    }
  });
});
