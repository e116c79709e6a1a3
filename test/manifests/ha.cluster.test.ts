/**
 * The overlay with-cert-manager, which is ha-etcd with certificates from elsewhere, as it is: three API servers on one
 * etcd that asks for client certificates, two of everything else, and nothing of our own CA. The test stands in for
 * cert-manager: it issues what the Certificates ask for and writes the CA where the annotations say.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, type JsonObject } from '../../apiserver/api/json.ts';
import { createAuthority, issue, type Authority } from '../../apiserver/runtime/certificates.ts';
import { installPolder } from '../../hack/kind/install.ts';
import { smokeTest } from '../../hack/kind/smoke.ts';
import { buildManifests } from '../../hack/manifests-build.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { startEtcd, type Etcd } from '../support/etcd.ts';
import { createControlPlaneTarget, type ControlPlaneTarget } from './support/control-plane-target.ts';
import { kindOf, nameOf, ofKind, texts } from './support/objects.ts';

const OVERLAY = 'manifests/overlays/with-cert-manager';
const SYSTEM = 'polder-system';
const INJECT = 'cert-manager.io/inject-ca-from';
const VALID_MS = 3_600_000;

describe(`install of ${OVERLAY}`, function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let etcd: Etcd;
  let target: ControlPlaneTarget;
  let issuer: Authority;
  let objects: readonly JsonObject[];
  const opened: { close(): Promise<void> }[] = [];

  before(async () => {
    objects = await buildManifests(OVERLAY);
    cluster = await startCluster();
    opened.push(cluster);
    issuer = await createAuthority({ commonName: 'test-issuer', validForMs: VALID_MS, now: Date.now() });
    etcd = await startSecuredEtcd(cluster);
    opened.push(etcd);
    await applyAll([...stubDefinitions(), namespace()]);
    await giveEtcd();
    target = await createControlPlaneTarget(cluster, { replicas: true });
    opened.push(target);
    await cluster.ok(['apply', '-f', 'manifests/components/open-rbac/user-role.yaml']);
    await cluster.ok(['apply', '-f', 'manifests/components/open-rbac/binding.yaml']);
  });
  after(async () => {
    for (const part of opened.reverse()) await part.close();
  });

  const applyAll = (items: readonly JsonObject[]): Promise<string> =>
    cluster.ok(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) });

  /** As manifests/README.md says. */
  async function giveEtcd(): Promise<void> {
    const common = { validForMs: VALID_MS, now: Date.now(), usage: 'client' as const };
    const { cert, key } = await issue(cluster.pki.authority, { commonName: 'polder', ...common });
    const stringData = { servers: etcd.url, 'ca.crt': cluster.ca, 'tls.crt': cert, 'tls.key': key };
    await applyAll([secret('polder-etcd', stringData)]);
  }

  /** What cert-manager does with the Certificates and its annotations. */
  async function standIn(): Promise<void> {
    const certificates = ofKind(objects, 'Certificate').filter((each) => at(each, 'spec.isCA') !== true);
    assert.equal(certificates.length, 3);
    for (const certificate of certificates) {
      const pair = await issue(issuer, {
        commonName: nameOf(certificate),
        // The agent of this test reaches the hub by the name of this machine.
        subjectAltNames: [...texts(certificate, 'spec.dnsNames'), 'localhost'],
        usage: 'server',
        validForMs: VALID_MS,
        now: Date.now(),
      });
      const name = String(at(certificate, 'spec.secretName'));
      await applyAll([secret(name, { 'tls.crt': pair.cert, 'tls.key': pair.key, 'ca.crt': issuer.cert })]);
    }
    const caBundle = Buffer.from(issuer.cert).toString('base64');
    for (const object of objects.filter((each) => annotationOf(each) !== undefined)) {
      assert.match(String(annotationOf(object)), /^polder-system\/polder-(apiserver|webhooks)-tls$/);
      const count = kindOf(object) === 'APIService' ? 0 : (object['webhooks'] as unknown[]).length;
      const patch =
        count === 0
          ? [{ op: 'add', path: '/spec/caBundle', value: caBundle }]
          : Array.from({ length: count }, (_, index) => ({
              op: 'add',
              path: `/webhooks/${index}/clientConfig/caBundle`,
              value: caBundle,
            }));
      await cluster.ok(['patch', kindOf(object), nameOf(object), '--type=json', '-p', JSON.stringify(patch)]);
    }
  }

  it('passes the smoke test with three API servers, two webhooks and two controllers', async () => {
    let isReady = false;
    await installPolder(
      {
        ...target,
        running: async (where, deployments) => {
          // Pods begin when the Secrets are there that they mount.
          if (!isReady) await standIn();
          isReady = true;
          await target.running(where, deployments);
        },
      },
      OVERLAY,
    );
    await smokeTest(target);

    const counts = ['polder-apiserver', 'polder-webhooks', 'polder-controllers'].map(
      (name) => target.processes(name).length,
    );
    assert.deepEqual(counts, [3, 2, 2]);
  });

  it('leaves the CA in APIServices and webhook registrations to whoever issues the certificates', async () => {
    // Applying again does not take it out either.
    await target.apply(OVERLAY);
    const expected = Buffer.from(issuer.cert).toString('base64');
    for (const object of objects.filter((each) => annotationOf(each) !== undefined)) {
      const live: unknown = JSON.parse(
        await cluster.ok(['get', kindOf(object), nameOf(object), '-o', 'json']),
      );
      const bundles = JSON.stringify(live).match(/"caBundle":"[^"]+"/g) ?? [];
      assert.ok(bundles.length > 0, nameOf(object));
      assert.deepEqual(new Set(bundles), new Set([`"caBundle":"${expected}"`]), nameOf(object));
    }
  });

  it('has one path that nobody can guess in all webhook registrations', async () => {
    const registrations = ofKind(objects, 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration');
    const paths = await Promise.all(
      registrations.map((object) =>
        cluster.ok([
          'get',
          kindOf(object),
          nameOf(object),
          '-o',
          'jsonpath={.webhooks[*].clientConfig.service.path}',
        ]),
      ),
    );
    const secrets = paths
      .join(' ')
      .split(' ')
      .map((path) => path.split('/')[1] ?? '');
    assert.equal(secrets.length, 5);
    assert.equal(new Set(secrets).size, 1);
    assert.match(secrets[0] ?? '', /^[0-9a-f]{64}$/);
  });

  it('goes on when one of each is killed', async () => {
    for (const name of ['polder-apiserver', 'polder-webhooks', 'polder-controllers']) {
      const [victim = assert.fail(name)] = target.processes(name);
      await target.kill(victim);
    }

    await cluster.ok(['annotate', 'tenant', 'acme', 'test/survived=true']);
    await cluster.ok(['delete', 'tenant', 'globex', '--timeout=120s'], { timeoutMs: 130_000 });
    await smokeOfAcme();
  });

  async function smokeOfAcme(): Promise<void> {
    const refused = await cluster.kubectl(['delete', 'quota', 'polder-tenant', '-n', 'tenant-acme']);
    assert.match(refused.stderr, /isolation\.polder\.dev/);
    await cluster.ok(['wait', '--for=condition=Connected', '--timeout=120s', 'dataplane/local'], {
      timeoutMs: 130_000,
    });
  }
});

const annotationOf = (object: JsonObject): unknown => {
  const annotations = at(object, 'metadata.annotations');
  return (annotations as Record<string, unknown> | undefined)?.[INJECT];
};

const namespace = (): JsonObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM } });

const secret = (name: string, stringData: Record<string, string>): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: SYSTEM },
  stringData,
});

/** The two kinds that the overlay needs, without any check of what is in them. */
const stubDefinitions = (): readonly JsonObject[] =>
  [
    ['Certificate', 'certificates'],
    ['Issuer', 'issuers'],
  ].map(([kind = '', plural = '']) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.cert-manager.io` },
    spec: {
      group: 'cert-manager.io',
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  }));

/** Asks everybody for a certificate of the cluster's CA. */
async function startSecuredEtcd(cluster: Cluster): Promise<Etcd> {
  const { cert, key } = await issue(cluster.pki.authority, {
    commonName: 'etcd',
    subjectAltNames: ['127.0.0.1', 'localhost'],
    usage: 'server',
    validForMs: VALID_MS,
    now: Date.now(),
  });
  const [certFile, keyFile] = [join(cluster.dir, 'polder-etcd.crt'), join(cluster.dir, 'polder-etcd.key')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key, { mode: 0o600 });
  return startEtcd({
    scheme: 'https',
    args: [
      `--cert-file=${certFile}`,
      `--key-file=${keyFile}`,
      '--client-cert-auth',
      `--trusted-ca-file=${cluster.files.ca}`,
    ],
  });
}
