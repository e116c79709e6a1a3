/** kubectl's own commands for Kubernetes kinds on the local plane: bodies in protobuf, strategic merge patches. */
import assert from 'node:assert/strict';
import { startPolder, type Polder } from '../support/polder.ts';

const CREATE: readonly (readonly [string, readonly string[], string, string])[] = [
  ['a ConfigMap', ['cm', 'c', '--from-literal=a=b'], 'cm/c', '{.data.a}=b'],
  ['a Secret', ['secret', 'generic', 's', '--from-literal=k=v'], 'secret/s', '{.data.k}=dg=='],
  ['a ServiceAccount', ['sa', 'x'], 'sa/x', '{.metadata.name}=x'],
  ['a Role', ['role', 'r', '--verb=get,list', '--resource=pods'], 'role/r', '{.rules[0].verbs[*]}=get list'],
  ['a RoleBinding', ['rolebinding', 'rb', '--role=r', '--user=u'], 'rolebinding/rb', '{.subjects[0].name}=u'],
  [
    'a Deployment',
    ['deployment', 'web', '--image=nginx', '--replicas=2', '--port=80'],
    'deploy/web',
    '{.spec.replicas} {.spec.template.spec.containers[0].ports[0].containerPort}=2 80',
  ],
  [
    'a Job',
    ['job', 'j', '--image=busybox', '--', 'echo', 'hi'],
    'job/j',
    '{.spec.template.spec.containers[0].command[*]}=echo hi',
  ],
  [
    'a CronJob',
    ['cronjob', 'cj', '--image=b', '--schedule=*/5 * * * *'],
    'cj/cj',
    '{.spec.schedule}=*/5 * * * *',
  ],
  [
    'a Service',
    ['service', 'clusterip', 'svc', '--tcp=80:http'],
    'svc/svc',
    '{.spec.ports[0].port} {.spec.ports[0].targetPort}=80 http',
  ],
  ['an Ingress', ['ingress', 'i', '--rule=a.b/x=svc:80'], 'ing/i', '{.spec.rules[0].host}=a.b'],
  [
    'a ResourceQuota',
    ['quota', 'q', '--hard=pods=3,cpu=500m'],
    'quota/q',
    '{.spec.hard.pods} {.spec.hard.cpu}=3 500m',
  ],
  [
    'a PodDisruptionBudget',
    ['pdb', 'p', '--selector=a=b', '--min-available=1'],
    'pdb/p',
    '{.spec.minAvailable}=1',
  ],
];

const VOLUME_AND_CONTROLLER = `
apiVersion: v1
kind: PersistentVolume
metadata: { name: disk }
spec:
  capacity: { storage: 1Gi }
  accessModes: [ReadWriteOnce]
  storageClassName: gold
  claimRef: { kind: PersistentVolumeClaim, namespace: demo, name: data }
  hostPath: { path: /data }
---
apiVersion: v1
kind: ReplicationController
metadata: { name: old, namespace: demo }
spec:
  replicas: 2
  template:
    metadata: { labels: { app: old } }
    spec: { containers: [{ name: a, image: "i:1" }] }
`;

describe('native kinds on the local plane', function () {
  this.timeout(120_000);
  let polder: Polder;
  before(async () => {
    polder = await startPolder();
    await polder.ok(['create', 'namespace', 'demo']);
  });
  after(() => polder.remove());
  const inDemo = (...args: string[]): Promise<string> => polder.ok([...args, '-n', 'demo']);

  for (const [what, args, object, expected] of CREATE) {
    it(`kubectl create makes ${what}`, async () => {
      const split = expected.lastIndexOf('}') + 1;
      const end = args.includes('--') ? args.indexOf('--') : args.length;

      await polder.ok(['create', ...args.slice(0, end), '-n', 'demo', ...args.slice(end)]);

      assert.equal(
        await inDemo('get', object, '-o', `jsonpath=${expected.slice(0, split)}`),
        expected.slice(split + 1),
      );
    });
  }

  it('serves PersistentVolumes and ReplicationControllers', async () => {
    await polder.ok(['apply', '-f', '-'], { input: VOLUME_AND_CONTROLLER });

    assert.match(
      await polder.ok(['get', 'pv', 'disk']),
      /disk +1Gi +RWO +Retain +Pending +demo\/data +gold +<unset> +\d+s/,
    );
    assert.match(await inDemo('get', 'rc', 'old', '-o', 'wide'), /old +2 +0 +0 +\d+s +a +i:1 +app=old/);
  });

  it('kubectl patch, set image, scale and rollout work on a Deployment', async () => {
    await inDemo('set', 'image', 'deployment/web', 'nginx=nginx:2');
    await inDemo(
      'patch',
      'deployment',
      'web',
      '-p',
      '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"s"}]}}}}',
    );
    await inDemo('scale', 'deployment', 'web', '--replicas=5');

    const shown = await inDemo(
      'get',
      'deployment',
      'web',
      '-o',
      'jsonpath={.spec.replicas} {.spec.template.spec.containers[*].image}',
    );

    assert.equal(shown, '5 s nginx:2');
  });

  it('asks who am I and what may I', async () => {
    assert.match(await polder.ok(['auth', 'whoami']), /admin/);
    assert.equal(await polder.ok(['auth', 'can-i', 'create', 'tenants']), 'yes');
    assert.match(
      (await polder.kubectl(['auth', 'can-i', 'create', 'depots', '-n', 'tn-x'])).stdout,
      /^no - no AccessPolicy/,
    );
    assert.match(await polder.ok(['auth', 'can-i', '--list']), /tenants\.platform\.polder\.dev/);
  });

  it('shows everything in a namespace without an error', async () => {
    assert.match(await inDemo('get', 'all'), /deployment\.apps\/web/);
  });

  it('starts with the role that tenants have on a plane', async () => {
    const text = await polder.ok(['describe', 'clusterrole', 'polder-tenant-editor']);

    assert.match(text, /deployments.apps +\[\] +\[\] +\[get list watch create update patch delete\]/);
  });

  it('C48 keeps our own kinds free of protobuf', async () => {
    const answer = await polder.kubectl(
      ['create', '--raw', '/apis/platform.polder.dev/v1alpha1/tenants', '-f', '-'],
      {
        input: 'k8s\0',
      },
    );
    assert.notEqual(answer.code, 0);
  });
});
