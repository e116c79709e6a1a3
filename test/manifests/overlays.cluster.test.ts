/** The manifests without a cluster: they build, follow the code, and ask for nothing that they should not have. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { at, type JsonObject } from '../../apiserver/api/json.ts';
import { KINDS } from '../../apiserver/kinds/index.ts';
import { buildManifests } from '../../hack/manifests-build.ts';
import { ROOT } from '../support/polder.ts';
import {
  containersOf,
  idOf,
  items,
  kindOf,
  nameOf,
  namespaceOf,
  ofKind,
  podSpecs,
  texts,
} from './support/objects.ts';

const OVERLAYS = readdirSync(join(ROOT, 'manifests/overlays')).map((name) => `manifests/overlays/${name}`);
const AGENT = 'manifests/agent';
/** Comes to end, into the namespace of a control plane. */
const MIGRATE = 'manifests/migrate';
/** What runs pods; the first ones are the control plane. */
const CONTROL_PLANES = [...OVERLAYS, 'hack/kind/overlay'];
const FOLDERS = [...CONTROL_PLANES, AGENT, MIGRATE];
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly version: string;
};

describe('manifests', () => {
  const built = new Map<string, readonly JsonObject[]>();
  const of = (overlay: string): readonly JsonObject[] => built.get(overlay) ?? [];
  before(async () => {
    for (const folder of FOLDERS) built.set(folder, await buildManifests(folder));
  });

  it('there are the overlays that the README offers', () => {
    assert.deepEqual(OVERLAYS.map((overlay) => overlay.split('/').at(-1) ?? '').sort(), [
      'embedded-sqlite',
      'ha-etcd',
      'with-cert-manager',
    ]);
  });

  for (const overlay of CONTROL_PLANES) {
    describe(overlay, () => {
      it('registers the group-version of every kind, and of nothing else', () => {
        const registered = ofKind(of(overlay), 'APIService').map(nameOf);
        const served = new Set(KINDS.map((kind) => `${kind.version}.${kind.group}`));

        assert.deepEqual(new Set(registered), served);
        assert.equal(registered.length, served.size);
      });

      it('verifies certificates: nothing skips it', () => {
        for (const service of ofKind(of(overlay), 'APIService')) {
          assert.equal(at(service, 'spec.insecureSkipTLSVerify'), undefined, nameOf(service));
        }
      });

      it('leads every Service to a port of the pods that it selects', () => {
        for (const service of ofKind(of(overlay), 'Service')) {
          const wanted = at(service, 'spec.selector');
          const pods = podSpecs(of(overlay)).filter(({ labels }) =>
            Object.entries(wanted as JsonObject).every(
              ([key, value]) => (labels as JsonObject)[key] === value,
            ),
          );
          assert.equal(pods.length, 1, idOf(service));
          const ports = pods
            .flatMap(({ spec }) => containersOf(spec))
            .flatMap((container) => items(container, 'ports'));
          for (const port of items(service, 'spec.ports')) {
            assert.ok(
              ports.some((open) => open['name'] === port['targetPort']),
              `${idOf(service)}: ${String(port['targetPort'])}`,
            );
          }
        }
      });

      it('grants nothing by wildcard, no escalation, and no secret beyond those it names', () => {
        const roles = ofKind(of(overlay), 'ClusterRole', 'Role');
        assert.ok(roles.length > 0);
        for (const role of roles) {
          for (const rule of items(role, 'rules')) {
            const said = JSON.stringify(rule);
            assert.doesNotMatch(said, /\*/, idOf(role));
            for (const verb of ['escalate', 'bind', 'impersonate']) {
              assert.ok(!texts(rule, 'verbs').includes(verb), `${idOf(role)}: ${verb}`);
            }
            if (!texts(rule, 'resources').includes('secrets')) continue;
            assert.equal(kindOf(role), 'Role', `${idOf(role)} reads secrets of the whole cluster`);
            assert.ok(
              texts(rule, 'resourceNames').length > 0,
              `${idOf(role)} reads all secrets of its namespace`,
            );
          }
        }
      });

      it('is taken down without leaving anybody waiting: what the cluster calls goes first', () => {
        const kinds = of(overlay).map(kindOf);
        const called = ['APIService', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];
        const lastCalled = Math.max(...called.map((kind) => kinds.lastIndexOf(kind)));

        assert.equal(kinds[0], 'APIService');
        for (const other of ['Namespace', 'ServiceAccount', 'Service', 'Deployment']) {
          assert.ok(kinds.indexOf(other) > lastCalled, other);
        }
      });
    });
  }

  for (const overlay of FOLDERS) {
    describe(`pods of ${overlay}`, () => {
      it('names only ServiceAccounts, ConfigMaps, Secrets, volumes and ports that are there', () => {
        for (const { workload, spec } of podSpecs(of(overlay))) {
          const account = at(spec, 'serviceAccountName');
          const needsNone = at(spec, 'automountServiceAccountToken') === false;
          assert.ok(
            needsNone || ofKind(of(overlay), 'ServiceAccount').some((object) => nameOf(object) === account),
            `${workload}: ServiceAccount ${String(account)}`,
          );
          const secrets = secretsOf(spec).filter((name) => !isThere(of(overlay), name));
          assert.deepEqual(secrets, [], `${workload}: Secrets`);
          const volumes = items(spec, 'volumes').map((volume) => volume['name']);
          for (const container of containersOf(spec)) {
            for (const mount of items(container, 'volumeMounts')) {
              assert.ok(
                volumes.includes(mount['name'] ?? ''),
                `${workload}: volume ${String(mount['name'])}`,
              );
            }
            const ports = items(container, 'ports').map((port) => port['name']);
            const probes = isJob(workload) ? [] : ['startupProbe', 'livenessProbe', 'readinessProbe'];
            for (const probe of probes) {
              assert.ok(
                ports.includes(String(at(container, `${probe}.httpGet.port`))),
                `${workload}: ${probe}`,
              );
            }
          }
        }
      });

      it('binds roles that are there to ServiceAccounts that are there', () => {
        const known = (kind: string, name: unknown): boolean =>
          ofKind(of(overlay), kind).some((object) => nameOf(object) === name);
        for (const binding of ofKind(of(overlay), 'ClusterRoleBinding', 'RoleBinding')) {
          const [kind, name] = [String(at(binding, 'roleRef.kind')), at(binding, 'roleRef.name')];
          assert.ok(
            known(kind, name) || BUILT_IN_ROLES.includes(String(name)),
            `${idOf(binding)}: ${String(name)}`,
          );
          for (const subject of items(binding, 'subjects')) {
            if (subject['kind'] !== 'ServiceAccount') continue;
            assert.ok(
              of(overlay).some(
                (object) =>
                  idOf(object) ===
                  `ServiceAccount/${String(subject['namespace'])}/${String(subject['name'])}`,
              ),
              `${idOf(binding)}: ${String(subject['name'])}`,
            );
          }
        }
      });

      it('runs the image of this version, without root, on a read-only file system, with bounds and probes', () => {
        for (const { workload, spec } of podSpecs(of(overlay))) {
          const pod = spec['securityContext'];
          assert.equal(at(pod, 'runAsNonRoot'), true, workload);
          assert.ok(Number(at(pod, 'runAsUser')) > 0, workload);
          assert.equal(at(pod, 'seccompProfile.type'), 'RuntimeDefault', workload);
          for (const container of containersOf(spec)) {
            assert.equal(container['image'], `polder:${version}`, workload);
            const own = container['securityContext'];
            assert.equal(at(own, 'readOnlyRootFilesystem'), true, workload);
            assert.equal(at(own, 'allowPrivilegeEscalation'), false, workload);
            assert.deepEqual(at(own, 'capabilities'), { drop: ['ALL'] }, workload);
            for (const amount of [
              'requests.cpu',
              'requests.memory',
              'limits.memory',
              'limits.ephemeral-storage',
            ]) {
              assert.notEqual(at(container, `resources.${amount}`), undefined, `${workload}: ${amount}`);
            }
            if (isJob(workload)) continue;
            assert.equal(at(container, 'livenessProbe.httpGet.path'), '/livez', workload);
            assert.equal(at(container, 'readinessProbe.httpGet.path'), '/readyz', workload);
          }
        }
      });

      it('creates every namespace before what is in it', () => {
        const seen = new Set(overlay === MIGRATE ? ['polder-system'] : ['kube-system', 'default']);
        for (const object of of(overlay)) {
          if (kindOf(object) === 'Namespace') seen.add(nameOf(object));
          const namespace = namespaceOf(object);
          if (namespace !== '') assert.ok(seen.has(namespace), idOf(object));
        }
      });
    });
  }
});

/** What comes to an end by itself is not probed. */
const isJob = (workload: string): boolean => workload.startsWith('Job/');

/** Made by hand, as the README says, and by whom cert-manager is told to. */
const BY_HAND = ['polder-etcd', 'polder-hub'];

function isThere(objects: readonly JsonObject[], secret: string): boolean {
  const issued = ofKind(objects, 'Certificate').map((each) => at(each, 'spec.secretName'));
  const known = [...ofKind(objects, 'Secret').map(nameOf), ...issued, ...BY_HAND];
  return known.includes(secret);
}

/** Secrets that the pods mount or take variables from. */
const secretsOf = (spec: JsonObject): readonly string[] => {
  const mounted = items(spec, 'volumes').map((volume) => at(volume, 'secret.secretName'));
  const variables = containersOf(spec).flatMap((container) => items(container, 'env'));
  const taken = variables.map((variable) => at(variable, 'valueFrom.secretKeyRef.name'));
  return [...mounted, ...taken].filter((name) => name !== undefined).map(String);
};

/** Roles that every Kubernetes has. */
const BUILT_IN_ROLES = ['system:auth-delegator', 'extension-apiserver-authentication-reader'];
