/** A process of ours that hangs with its connections open, which no closed socket tells anybody of. */
import assert from 'node:assert/strict';
import { createApi, expectCode } from '../contract/support/api.ts';
import { DATA } from '../contract/support/server.ts';
import { until } from '../support/until.ts';
import { NS, pod } from './support/webhook-objects.ts';
import { startWebhookHost, type WebhookHost } from './support/webhook-host.ts';

/** The promise is 30 s from the last word of the one that hangs; the rest is for a busy machine. */
const NOTICED_MS = 45_000;
/** A kube-apiserver finds out about a connection that nobody answers on after 45 s. */
const HEALED_MS = 60_000;
const POLICY = `${DATA}/namespaces/${NS}/accesspolicies/developers`;

describe('aggregated: a process that hangs', function () {
  this.timeout(180_000);
  let host: WebhookHost;
  before(async () => {
    host = await startWebhookHost({ replicas: 2 });
  });
  after(() => host.close());

  const attempt = async (as: string): Promise<string> => {
    const create = ['create', '--dry-run=server', '-f', '-', '--request-timeout=10s'];
    const made = await host.cluster.kubectl(create, { as, input: JSON.stringify(pod('trial')) });
    return made.code === 0 ? 'allowed' : made.stderr;
  };
  const isAllowed = async (as: string): Promise<boolean> => (await attempt(as)) === 'allowed';

  it('X6 a right that is revoked while the replica hangs that the webhooks follow ends within 30 s', async () => {
    const { cluster, platform, ann, dev } = host;
    const [first, second] = platform.replicas;
    assert.ok(first && second);
    // Whoever was on the second one is on the first then, and stays there.
    await second.stop();
    await until('the first one is followed', () => isAllowed(dev));
    await second.start();

    first.freeze();
    const frozenMs = Date.now();
    await revoke();
    let refusal = '';
    await until(
      'the right is gone',
      async () => {
        refusal = await attempt(dev);
        return refusal !== 'allowed';
      },
      NOTICED_MS,
    );
    console.log(`      refused ${Date.now() - frozenMs} ms after the last word`);
    assert.match(refusal, /cannot be followed|no AccessPolicy allows/);

    first.thaw();
    await until('others are decided about again', () => isAllowed(ann), HEALED_MS);
    await until('dev is refused by the policies', async () =>
      /User "dev" cannot create resource "pods"/.test(await attempt(dev)),
    );
    const phase = '--for=jsonpath={.status.phase}=Active';
    await cluster.ok(['create', '-f', '-'], { input: JSON.stringify(tenant('later')) });
    await cluster.ok(['wait', phase, 'tenant/later', '--timeout=60s'], { timeoutMs: 70_000 });
  });

  it('X3 the webhooks stop changes in tenants’ namespaces while they hang, and nothing else', async () => {
    const { cluster, webhooks, ann } = host;
    webhooks.freeze();
    assert.match(await attempt(ann), /failed calling webhook "(mutate|isolation)\.polder\.dev"/);
    await cluster.ok(['create', 'configmap', 'fine', '-n', 'default']);
    webhooks.thaw();
    await until('they decide again', () => isAllowed(ann));
  });

  /** At the second replica itself: through kube-apiserver it might be the one that hangs. */
  async function revoke(): Promise<void> {
    const { cluster, platform } = host;
    const ca = ['get', 'configmap', 'polder-ca', '-n', 'polder-system', '-o', 'jsonpath={.data.ca\\.crt}'];
    const { cert, key } = cluster.pki.frontProxy;
    const api = createApi(`https://127.0.0.1:${platform.replicaPorts[1]}`, {
      ca: await cluster.ok(ca),
      cert,
      key,
    });
    const headers = { 'X-Remote-User': 'ann', 'X-Remote-Group': 'acme-admins' };
    expectCode(await api.call('DELETE', POLICY, { headers }), 200);
    api.agent.destroy();
  }
});

const tenant = (name: string): object => ({
  apiVersion: 'platform.polder.dev/v1alpha1',
  kind: 'Tenant',
  metadata: { name },
  spec: {},
});
