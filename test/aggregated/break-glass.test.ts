/** `polder breakglass` on a real kube-apiserver, while nobody answers for `polder webhooks`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, type JsonObject } from '../../apiserver/api/json.ts';
import { ROOT, run, type Output } from '../support/polder.ts';
import { until } from '../support/until.ts';
import { apply, installation } from './support/install.ts';
import {
  container,
  labelled,
  NS,
  pod,
  template,
  templatesWith,
  workload,
} from './support/webhook-objects.ts';
import { startWebhookHost, type WebhookHost } from './support/webhook-host.ts';

const VALIDATING = 'validatingwebhookconfiguration/polder-webhooks';
const MUTATING = 'mutatingwebhookconfiguration/polder-webhooks';
/** The keeper looks each 10 s. */
const PUT_BACK_MS = 40_000;

describe('aggregated: break-glass', function () {
  this.timeout(180_000);
  let host: WebhookHost;
  let oncall: string;
  before(async () => {
    host = await startWebhookHost();
    oncall = await host.cluster.user('olga', 'system:masters');
    await host.webhooks.stop('SIGKILL');
  });
  after(() => host.close());

  const breakglass = (as: string, ...args: readonly string[]): Promise<Output> =>
    run(process.execPath, [join(ROOT, 'apiserver/polder.js'), 'breakglass', ...args], {
      env: { KUBECONFIG: as },
    });
  const annotationsOf = async (name: string): Promise<JsonObject> => {
    const all = (at(await host.get(name), 'metadata.annotations') ?? {}) as JsonObject;
    return Object.fromEntries(
      Object.entries(all).filter(([key]) => key.startsWith('polder.dev/break-glass')),
    );
  };
  const policies = async (name: string): Promise<JsonObject> =>
    Object.fromEntries(
      ((await host.get(name))['webhooks'] as JsonObject[]).map((hook) => [
        String(hook['name']),
        String(hook['failurePolicy']),
      ]),
    );
  const isBack = async (): Promise<boolean> => {
    const left = await Promise.all([VALIDATING, MUTATING].map(annotationsOf));
    return left.every((annotations) => Object.keys(annotations).length === 0);
  };
  const attempt = async (name: string): Promise<Output> =>
    host.cluster.kubectl(['create', '--dry-run=server', '-f', '-'], {
      as: host.dev,
      input: JSON.stringify(pod(name)),
    });
  const isLetThrough = async (): Promise<boolean> => (await attempt('trial')).code === 0;
  const isRefused = async (): Promise<boolean> =>
    /failed calling webhook "(mutate|isolation)\.polder\.dev"/.test((await attempt('trial')).stderr);
  const floor = async (): Promise<unknown> => {
    const { items } = await host.get('validatingadmissionpolicies,validatingadmissionpolicybindings');
    return (items as JsonObject[]).map((item) => [at(item, 'metadata.uid'), at(item, 'metadata.generation')]);
  };
  const refusedTo = async (as: string, object: JsonObject): Promise<string> => {
    const input = JSON.stringify(object);
    const made = await host.cluster.kubectl(['create', '-f', '-'], { as, input });
    return made.code === 0 ? 'nothing was refused' : made.stderr;
  };
  const events = async (reason: string): Promise<readonly string[]> => {
    const { items } = await host.get('events', '-n', 'default', '--field-selector', `reason=${reason}`);
    return (items as JsonObject[]).map(({ message }) => String(message));
  };
  const CLOSED = {
    'isolation.polder.dev': 'Fail',
    'namespaces.isolation.polder.dev': 'Fail',
    'connect.polder.dev': 'Fail',
    'advice.polder.dev': 'Ignore',
  };

  const OF_THE_NODE: readonly (readonly [JsonObject, RegExp])[] = [
    [{ volumes: [{ name: 'etc', hostPath: { path: '/etc' } }] }, /a hostPath volume/],
    [{ hostNetwork: true }, /the node's network/],
    [{ hostPID: true }, /the node's processes/],
    [{ hostIPC: true }, /the node's IPC/],
    [{ containers: [{ ...container, securityContext: { privileged: true } }] }, /privileged containers/],
    [
      { initContainers: [{ ...container, name: 'first', securityContext: { privileged: true } }] },
      /privileged containers/,
    ],
  ];
  /** What tenants' administrators are refused while no webhook is asked. */
  const keepsTenantsApart = async (): Promise<void> => {
    const byPods = /ValidatingAdmissionPolicy 'polder-tenants'/;
    await until('the floor holds', async () =>
      byPods.test(await refusedTo(host.ann, pod('bad', { hostNetwork: true }))),
    );
    for (const [spec, message] of OF_THE_NODE) {
      const deployment = workload('apps/v1', 'Deployment', 'bad', {
        selector: { matchLabels: labelled },
        template: template(spec),
      });
      for (const object of [pod('bad', spec), deployment]) {
        const refusal = await refusedTo(host.ann, object);
        assert.match(refusal, message);
        assert.match(refusal, byPods);
      }
    }
    const cronJob = (spec: JsonObject): JsonObject =>
      workload('batch/v1', 'CronJob', 'nightly', {
        schedule: '0 3 * * *',
        jobTemplate: { spec: { template: template({ restartPolicy: 'Never', ...spec }) } },
      });
    assert.match(await refusedTo(host.ann, cronJob({ hostNetwork: true })), byPods);
    await host.apply(host.ann, cronJob({}));
    const debug = { name: 'debug', image: container.image, securityContext: { privileged: true } };
    const patch = JSON.stringify({ spec: { ephemeralContainers: [debug] } });
    const added = ['patch', 'pod', 'urgent', '-n', NS, '--subresource=ephemeralcontainers', '-p', patch];
    assert.match((await host.cluster.kubectl(added, { as: host.ann })).stderr, byPods);

    const posing = pod('bad', {}, { labels: { 'polder.dev/tenant-uid': 'u-of-somebody-else' } });
    const isPosing = /the UID of the tenant that the namespace belongs to/;
    assert.match(await refusedTo(host.ann, posing), isPosing);
    for (const made of templatesWith({ 'polder.dev/tenant-uid': 'u-of-somebody-else' })) {
      const refusal = await refusedTo(host.ann, made);
      assert.match(refusal, isPosing);
    }

    const byNamespaces = /ValidatingAdmissionPolicy 'polder-tenant-namespaces'/;
    for (const label of ['polder.dev/tenant=globex', 'polder.dev/tenant-', 'polder.dev/tenant-uid=u-2']) {
      const args = ['label', '--overwrite', 'namespace', 'tn-acme', label];
      assert.match((await host.cluster.kubectl(args, { as: host.ann })).stderr, byNamespaces);
    }
    const claimed = { name: 'mine', labels: { 'polder.dev/tenant': 'globex' } };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: claimed };
    assert.match(await refusedTo(host.ann, namespace), byNamespaces);
  };

  it('lets changes through while nobody answers, keeps connections and the floor closed, and tells who did it', async () => {
    assert.ok(await isRefused());
    const floorBefore = await floor();

    const { code, stdout, stderr } = await breakglass(oncall, '--for', '10m', '--reason', 'webhooks crash');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /break-glass is on until \S+Z, by olga: webhooks crash/);
    assert.match(stdout, /as before: connect\.polder\.dev, every ValidatingAdmissionPolicy/);
    await until('kube-apiserver knows', isLetThrough);
    await host.apply(host.dev, pod('urgent'));
    await host.cluster.ok(['label', 'namespace', 'tn-acme', 'incident=1']);

    assert.deepEqual(await policies(VALIDATING), {
      ...CLOSED,
      'isolation.polder.dev': 'Ignore',
      'namespaces.isolation.polder.dev': 'Ignore',
    });
    const exec = await host.cluster.kubectl(['exec', 'urgent', '-n', 'tn-acme', '--', 'id'], {
      as: host.dev,
    });
    assert.match(exec.stderr, /failed calling webhook "connect\.polder\.dev"/);
    assert.deepEqual(await floor(), floorBefore);
    const controllers = '--as=system:serviceaccount:polder-system:polder-controllers';
    await keepsTenantsApart();
    const beyond = await host.cluster.kubectl(['create', 'namespace', 'beyond', controllers]);
    assert.match(beyond.stderr, /namespaces named tn-<tenant> with the label/);

    for (const name of [VALIDATING, MUTATING]) {
      const annotations = await annotationsOf(name);
      assert.equal(annotations['polder.dev/break-glass-by'], 'olga');
      assert.equal(annotations['polder.dev/break-glass-reason'], 'webhooks crash');
      const leftMs = Date.parse(String(annotations['polder.dev/break-glass-until'])) - Date.now();
      assert.ok(leftMs > 8 * 60_000 && leftMs <= 10 * 60_000, `${leftMs} ms left`);
    }
    const started = await events('BreakGlassStarted');
    assert.equal(started.length, 2);
    assert.match(started.join('\n'), /olga let go isolation\.polder\.dev, .* until \S+: webhooks crash/);
    const log = host.platform.apiServer.log;
    await until('polder apiserver tells', () =>
      /"break-glass is on".*"by":"olga"/.test(readFileSync(log, 'utf8')),
    );
  });

  it('is over when the manifests are applied again, which leaves our CA where it is', async () => {
    const caOf = async (): Promise<unknown> =>
      ((await host.get(VALIDATING))['webhooks'] as JsonObject[]).map((hook) =>
        at(hook, 'clientConfig.caBundle'),
      );
    const caBefore = await caOf();
    assert.ok((caBefore as unknown[]).every((ca) => typeof ca === 'string'));
    const { after } = await installation(host.platform.ports);
    await apply(host.cluster, after);
    assert.deepEqual(await policies(VALIDATING), CLOSED);
    await until('the annotations are gone', isBack, PUT_BACK_MS);
    assert.deepEqual(await policies(VALIDATING), CLOSED);
    assert.deepEqual(await caOf(), caBefore);
    await until('kube-apiserver knows', isRefused);
  });

  it('is ended by hand at once', async () => {
    assert.equal((await breakglass(oncall, '--reason', 'again')).code, 0);
    await until('kube-apiserver knows', isLetThrough);
    const { code, stdout } = await breakglass(oncall, '--end');
    assert.equal(code, 0);
    assert.match(stdout, /put back: .*isolation\.polder\.dev/);
    assert.deepEqual(await policies(VALIDATING), CLOSED);
    assert.ok(await isBack());
    assert.equal((await breakglass(oncall, '--end')).stdout, 'break-glass is not on\n');
    await until('kube-apiserver knows', isRefused);
  });

  it('is put back after its time by a polder apiserver that was away meanwhile, with its own rights', async () => {
    const { apiServer } = host.platform;
    await apiServer.stop();
    assert.equal((await breakglass(oncall, '--for', '1s', '--reason', 'short')).code, 0);
    await until('kube-apiserver knows', isLetThrough);
    await apiServer.start();
    await until('it is put back', isBack, PUT_BACK_MS);
    assert.deepEqual(await policies(VALIDATING), CLOSED);
    assert.deepEqual(await policies(MUTATING), { 'mutate.polder.dev': 'Fail' });
    await until('kube-apiserver knows', isRefused);
    await until('it is told', async () =>
      (await events('BreakGlassEnded')).some((message) => message.includes('the time that olga asked for')),
    );
  });

  describe('when somebody takes every trace of it away', () => {
    const withoutTrace = async (): Promise<void> => {
      const keys = Object.keys(await annotationsOf(VALIDATING)).map((key) => `${key}-`);
      assert.equal(keys.length, 4);
      for (const name of [VALIDATING, MUTATING]) await host.cluster.ok(['annotate', name, ...keys]);
      assert.ok(await isBack());
    };
    const clientConfigs = async (): Promise<unknown> =>
      (await Promise.all([VALIDATING, MUTATING].map((name) => host.get(name)))).map((object) =>
        (object['webhooks'] as JsonObject[]).map((hook) => hook['clientConfig']),
      );

    const toldByOlga = async (): Promise<number> =>
      (await events('BreakGlassEnded')).filter((message) => message.startsWith('olga put back ')).length;

    it('is ended by hand also where nobody has seen it', async () => {
      const { apiServer } = host.platform;
      const toldBefore = await toldByOlga();
      const before = await clientConfigs();
      await apiServer.stop();
      assert.equal((await breakglass(oncall, '--reason', 'no trace')).code, 0);
      await withoutTrace();
      await apiServer.start();
      await host.platform.available();
      // Nothing tells that this is not how somebody wants it: who comes later leaves it.
      assert.equal((await policies(MUTATING))['mutate.polder.dev'], 'Ignore');
      await until('kube-apiserver knows', isLetThrough);

      const { code, stdout, stderr } = await breakglass(oncall, '--end');
      assert.equal(code, 0, stderr);
      assert.equal(
        stdout,
        'put back: isolation.polder.dev, namespaces.isolation.polder.dev, mutate.polder.dev\n',
      );
      assert.deepEqual(await policies(VALIDATING), CLOSED);
      assert.deepEqual(await policies(MUTATING), { 'mutate.polder.dev': 'Fail' });
      assert.deepEqual(await clientConfigs(), before);
      assert.equal((await breakglass(oncall, '--end')).stdout, 'break-glass is not on\n');
      await until('kube-apiserver knows', isRefused);
      assert.equal(await toldByOlga(), toldBefore + 2, 'one Event for each configuration');
    });

    it('is ended by the polder apiserver that has seen it', async () => {
      const told = (): number =>
        readFileSync(host.platform.apiServer.log, 'utf8').match(/"break-glass is on".*"seen"/g)?.length ?? 0;
      assert.equal((await breakglass(oncall, '--reason', 'seen')).code, 0);
      await until('both are seen', () => told() === 2, PUT_BACK_MS);
      await withoutTrace();
      const areClosed = async (): Promise<boolean> =>
        (await policies(MUTATING))['mutate.polder.dev'] === 'Fail' &&
        (await policies(VALIDATING))['isolation.polder.dev'] === 'Fail';
      await until('it is put back', areClosed, PUT_BACK_MS);
      assert.deepEqual(await policies(VALIDATING), CLOSED);
      await until('it is told', async () =>
        (await events('BreakGlassEnded')).some((each) => each.includes('somebody took away the annotations')),
      );
      await until('kube-apiserver knows', isRefused);
    });
  });

  it('is not needed where a selector is unsafe: that is told before anything is held up', async () => {
    const unsafe = [{ op: 'remove', path: '/webhooks/0/namespaceSelector/matchExpressions/1' }];
    await host.cluster.ok(['patch', VALIDATING, '--type=json', '-p', JSON.stringify(unsafe)]);
    await until(
      'the guard tells',
      async () => (await events('UnsafeWebhookSelector')).length > 0,
      PUT_BACK_MS,
    );
    const [told] = await events('UnsafeWebhookSelector');
    assert.match(told ?? '', /^isolation\.polder\.dev matches kube-system, .*apply the manifests again$/);
    const { after } = await installation(host.platform.ports);
    await apply(host.cluster, after);
  });

  it('is refused to whom RBAC does not let write webhooks', async () => {
    const nobody = await host.cluster.user('nobody', 'nobodies');
    const { code, stderr } = await breakglass(nobody, '--reason', 'because');
    assert.equal(code, 1);
    assert.match(stderr, /cannot get resource "mutatingwebhookconfigurations"/);
    assert.ok(await isBack());
  });
});
