/** Against a real API server in memory, with a clock that the test moves. */
import assert from 'node:assert/strict';
import { useHostCluster } from '../../test/support/host-cluster.ts';
import { until } from '../../test/support/until.ts';
import { webhookConfigurations } from '../../webhooks/registrations.ts';
import { PROTECTED_NAMESPACES } from '../api/identity.ts';
import type { JsonObject } from '../api/json.ts';
import type { Event } from '../kinds/native/event.ts';
import { createMetrics, type Metrics } from '../runtime/metrics.ts';
import { WEBHOOK_CONFIGURATIONS, WEBHOOKS_NAME } from './injection.ts';
import { createRegistrationGuard, unsafeEntries } from './registration-guard.ts';

const ref = { name: WEBHOOKS_NAME };
const TENANTS = { key: 'polder.dev/tenant', operator: 'Exists' };
const not = (values: readonly string[]): JsonObject => ({
  key: 'kubernetes.io/metadata.name',
  operator: 'NotIn',
  values: [...values],
});

describe('selectors of our webhooks', () => {
  const unlabelled = new Map(PROTECTED_NAMESPACES.map((name) => [name, {}]));
  const reached = (namespaceSelector: JsonObject | undefined, labels = unlabelled): readonly string[] => {
    const hook = namespaceSelector === undefined ? { name: 'a' } : { name: 'a', namespaceSelector };
    return unsafeEntries({ webhooks: [hook] }, labels).flatMap(({ namespaces }) => namespaces);
  };

  it('are safe as we make them, and not when one namespace is left out', () => {
    for (const configuration of webhookConfigurations()) {
      assert.deepEqual(unsafeEntries(configuration, unlabelled), []);
    }
    assert.deepEqual(reached({ matchExpressions: [TENANTS, not(PROTECTED_NAMESPACES.slice(1))] }), [
      'kube-system',
    ]);
  });

  it('are unsafe when there is none, when it selects all, and when only the label of a tenant is missing', () => {
    const all = [...PROTECTED_NAMESPACES];
    assert.deepEqual(reached(undefined), all);
    assert.deepEqual(reached({}), all);
    assert.deepEqual(reached({ matchExpressions: [TENANTS] }), all);
    assert.deepEqual(reached({ matchExpressions: [{ key: 'x', operator: 'Near' }] }), all);
  });

  it('are judged by the labels that the namespaces have', () => {
    const selector = { matchLabels: { team: 'platform' } };
    assert.deepEqual(reached(selector), []);
    const labelled = new Map(unlabelled).set('kube-node-lease', { team: 'platform' });
    assert.deepEqual(reached(selector, labelled), ['kube-node-lease']);
    // The label of a tenant does not make it safe either.
    assert.deepEqual(reached({ matchExpressions: [{ key: TENANTS.key, operator: 'DoesNotExist' }] }), [
      ...PROTECTED_NAMESPACES,
    ]);
  });

  describe('as the guard sees them', function () {
    this.timeout(30_000);
    const host = useHostCluster();
    const guard = (): Metrics => {
      const metrics = createMetrics();
      const { admin: client, clock, log } = host;
      const options = { client, namespace: 'elsewhere', labels: () => undefined, clock, log, metrics };
      host.run(createRegistrationGuard(options));
      return metrics;
    };
    const counts = async (metrics: Metrics, count: number): Promise<boolean> =>
      (await metrics.scrape()).includes(`polder_webhook_unsafe_selectors ${count}\n`);
    const alarms = async (): Promise<readonly Event[]> =>
      (await host.events()).filter(({ reason }) => reason === 'UnsafeWebhookSelector');

    it('the one of Polder’s own namespace counts, one Event tells of many replicas, and it ends', async () => {
      const [, Validating] = WEBHOOK_CONFIGURATIONS;
      if (Validating === undefined) assert.fail();
      const made = webhookConfigurations()[1]?.['webhooks'] as JsonObject[];
      const expressions = [TENANTS, not([...PROTECTED_NAMESPACES, 'elsewhere'])];
      const safe = made.map((hook) => ({ ...hook, namespaceSelector: { matchExpressions: expressions } }));
      const [first, ...others] = safe;
      const unsafe = [{ ...first, namespaceSelector: { matchExpressions: [TENANTS] } }, ...others];
      await host.admin.patch(Validating, ref, { webhooks: unsafe });
      const metrics = guard();
      const replica = guard();
      // As we make them they know nothing of another namespace, the mutating one neither.
      await until('it is counted', async () => (await counts(metrics, 2)) && counts(replica, 2));
      await until('it is told', async () => (await alarms()).length === 2);
      const [told] = (await alarms()).filter(({ involvedObject }) => involvedObject.kind === Validating.kind);
      assert.equal(told?.type, 'Warning');
      assert.match(
        told.message ?? '',
        /^isolation\.polder\.dev matches kube-system, .*, elsewhere: an outage of Polder would hold up/,
      );
      assert.equal(host.lines.filter((line) => line.includes('"level":"error"')).length, 4);

      await host.admin.patch(Validating, ref, { webhooks: safe });
      await host.pass('it is over', () => counts(metrics, 1), 5_000);
      assert.equal((await alarms()).length, 2);
      assert.equal(host.lines.filter((line) => line.includes('"level":"error"')).length, 4, 'told once');
    });
  });
});
