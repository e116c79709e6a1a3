/** The path by which a real kube-apiserver asks `polder webhooks`: nobody else knows it, and it outlives what people do. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { at, type JsonObject } from '../../apiserver/api/json.ts';
import { webhookPathIn } from '../../apiserver/client/webhook-path.ts';
import type { Secret } from '../../apiserver/kinds/native/secret.ts';
import { createApi, type Api } from '../contract/support/api.ts';
import { until } from '../support/until.ts';
import { installation } from './support/install.ts';
import { pod } from './support/webhook-objects.ts';
import { startWebhookHost, type WebhookHost } from './support/webhook-host.ts';

const CONFIGURATIONS = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'];
const SECRET = ['secret', 'polder-webhook-path', '-n', 'polder-system'];
/** Two looks of `polder apiserver`, and the time that replicas of the webhooks have to hear of it. */
const ROTATED_MS = 120_000;

describe('aggregated: the path of the webhooks', function () {
  this.timeout(180_000);
  let host: WebhookHost;
  let direct: Api;
  before(async () => {
    host = await startWebhookHost();
    const ca = ['get', 'configmap', '-n', 'polder-system', 'polder-ca', '-o', 'jsonpath={.data.ca\\.crt}'];
    const { webhooks } = host.platform.ports;
    direct = createApi(`https://127.0.0.1:${webhooks}`, { ca: await host.cluster.ok(ca) });
  });
  after(async () => {
    direct.agent.destroy();
    await host.close();
  });

  const paths = async (): Promise<Readonly<Record<string, string>>> => {
    const hooks = ((await host.get(CONFIGURATIONS.join()))['items'] as JsonObject[]).flatMap(
      (item) => item['webhooks'] as JsonObject[],
    );
    return Object.fromEntries(
      hooks.map((hook) => [String(hook['name']), String(at(hook, 'clientConfig.service.path'))]),
    );
  };
  const secret = async (): Promise<string> =>
    webhookPathIn((await host.get(...SECRET)) as unknown as Secret)?.current ?? 'none';
  const trial = (name: string, spec: JsonObject = {}): Promise<{ code: number; stderr: string }> =>
    host.cluster.kubectl(['create', '--dry-run=server', '-f', '-'], {
      as: host.dev,
      input: JSON.stringify(pod(name, spec)),
    });
  const asksAndIsAnswered = async (): Promise<void> => {
    const [good, bad] = await Promise.all([trial('good'), trial('bad', { hostPID: true })]);
    assert.equal(good.code, 0, good.stderr);
    assert.match(bad.stderr, /admission webhook "isolation\.polder\.dev" denied the request/);
  };
  const post = async (path: string): Promise<readonly [number, string]> => {
    const body = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
    const { status, text } = await direct.call('POST', path, { body });
    return [status, text];
  };

  it('is not in the manifests, and differs by the name of the entry only', async () => {
    const { after } = await installation(host.platform.ports);
    assert.ok(!JSON.stringify(after).includes('"path"'));
    const known = await secret();
    const written = await paths();
    assert.equal(Object.keys(written).length, 5);
    for (const [name, path] of Object.entries(written)) assert.equal(path, `/${known}/${name}`);
    await asksAndIsAnswered();
  });

  it('is the only one that is answered', async () => {
    const known = await secret();
    for (const path of [
      '/isolate',
      '/mutate',
      '/isolation.polder.dev',
      `/${'0'.repeat(64)}/x`,
      `/${known}/x`,
    ]) {
      assert.deepEqual(await post(path), [404, 'not found\n'], path);
    }
    // Whoever knows it is answered: this is no question.
    assert.equal((await post(`/${known}/isolation.polder.dev`))[0], 400);
    const { text } = await direct.call('GET', '/metrics');
    assert.match(text, /polder_webhook_unknown_path_total [1-9]/);
    for (const page of [text, (await direct.call('GET', '/readyz?verbose')).text]) {
      assert.ok(!page.includes(known));
    }
  });

  it('stays when the manifests are applied again, by both kinds of apply', async () => {
    const before = await paths();
    const { after } = await installation(host.platform.ports);
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: after });
    for (const how of [[], ['--server-side'], ['--server-side'], []]) {
      await host.cluster.ok(['apply', ...how, '-f', '-'], { input });
      assert.deepEqual(await paths(), before, how.join());
    }
    await asksAndIsAnswered();
  });

  it('is replaced when an operator empties the Secret, while every question is answered', async () => {
    const before = await secret();
    await host.cluster.ok(['patch', ...SECRET, '--type=merge', '-p', '{"data":null}']);
    const isReplaced = async (): Promise<boolean> => {
      await asksAndIsAnswered();
      return Object.values(await paths()).every((path) => !path.includes(before));
    };
    await until('another path is written', isReplaced, ROTATED_MS);
    await asksAndIsAnswered();
    const now = await secret();
    assert.ok(Object.values(await paths()).every((path) => path.startsWith(`/${now}/`)));
    for (const part of [host.platform.apiServer, host.webhooks, host.platform.controllers]) {
      const log = readFileSync(part.log, 'utf8');
      assert.ok(!log.includes(before) && !log.includes(now), part.log);
    }
  });
});
