/** The forms of kubectl that people use beside apply and get, against the embedded server. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, startPolder, type Polder } from '../support/polder.ts';

const DNS = `
apiVersion: v1
kind: Service
metadata: { name: dns }
spec:
  ports:
    - { name: dns, port: 53, protocol: UDP }
    - { name: dns-tcp, port: 53, protocol: TCP }
    - { name: web, port: 80 }
`;

const EVENT = `
apiVersion: v1
kind: Event
metadata: { name: web.1, namespace: demo }
involvedObject: { kind: Deployment, namespace: demo, name: web, uid: UID, apiVersion: apps/v1 }
type: Warning
reason: NotRun
message: nobody runs it
source: { component: tester }
firstTimestamp: "2026-01-01T00:00:00Z"
lastTimestamp: "2026-01-01T00:00:00Z"
`;

describe('forms of kubectl', function () {
  this.timeout(120_000);
  let polder: Polder;
  before(async () => {
    polder = await startPolder();
    await polder.ok(['create', 'namespace', 'demo']);
    await inDemo('create', 'deployment', 'web', '--image=nginx', '--replicas=2');
  });
  after(() => polder.remove());
  const inDemo = (...args: string[]): Promise<string> => polder.ok([...args, '-n', 'demo']);

  it('patch of one port keeps ports that share their number', async () => {
    await polder.ok(['apply', '-n', 'demo', '-f', '-'], { input: DNS });

    await inDemo('patch', 'service', 'dns', '-p', '{"spec":{"ports":[{"port":80,"name":"http"}]}}');

    const ports = 'jsonpath={range .spec.ports[*]}{.name}:{.port}/{.protocol} {end}';
    assert.equal(
      await inDemo('get', 'service', 'dns', '-o', ports),
      'dns:53/UDP dns-tcp:53/TCP http:80/TCP ',
    );
  });

  it('apply adds a port beside the one with its number', async () => {
    const lines = DNS.split('\n').filter((line) => !line.includes('web'));
    const text = lines.join('\n').replace('name: dns }', 'name: dns2 }');
    const onlyUdp = text
      .split('\n')
      .filter((line) => !line.includes('dns-tcp'))
      .join('\n');
    await polder.ok(['apply', '-n', 'demo', '-f', '-'], { input: onlyUdp });

    await polder.ok(['apply', '-n', 'demo', '-f', '-'], { input: text });

    const ports = 'jsonpath={range .spec.ports[*]}{.name}:{.port}/{.protocol} {end}';
    assert.equal(await inDemo('get', 'service', 'dns2', '-o', ports), 'dns:53/UDP dns-tcp:53/TCP ');
  });

  it('scale changes the replicas, and the Scale names the pods by a selector in text', async () => {
    await inDemo('scale', 'deployment', 'web', '--replicas=5', '--current-replicas=2');

    const path = '/apis/apps/v1/namespaces/demo/deployments/web/scale';
    const scale = JSON.parse(await polder.ok(['get', '--raw', path])) as Record<string, unknown>;

    assert.deepEqual(scale['spec'], { replicas: 5 });
    assert.deepEqual(scale['status'], { replicas: 0, selector: 'app=web' });
  });

  it('B7 get and describe show the use of a quota, and one pod too many is refused', async () => {
    await polder.ok(['create', 'namespace', 'bounded']);
    const bounded = async (...args: string[]): Promise<string> => await polder.ok([...args, '-n', 'bounded']);
    await bounded('create', 'quota', 'q', '--hard=pods=1,limits.memory=1Gi');
    const resources =
      '{"spec":{"containers":[{"name":"a","image":"i","resources":{"limits":{"memory":"64Mi"}}}]}}';
    await bounded('run', 'a', '--image=i', `--overrides=${resources}`);

    await eventually(polder, ['quota', '-n', 'bounded'], async () =>
      /q +pods: 1\/1 +limits.memory: 64Mi\/1Gi/.test(await bounded('get', 'quota')),
    );
    assert.match(await bounded('describe', 'quota', 'q'), /limits.memory +64Mi +1Gi\npods +1 +1/);
    const second = await polder.kubectl([
      'run',
      'b',
      '--image=i',
      `--overrides=${resources}`,
      '-n',
      'bounded',
    ]);

    assert.equal(second.code, 1);
    assert.equal(
      second.stderr,
      'Error from server (Forbidden): pods "b" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1\n',
    );
  });

  it('describe shows own kinds, and events of an object with it', async () => {
    const uid = await inDemo('get', 'deployment', 'web', '-o', 'jsonpath={.metadata.uid}');
    await polder.ok(['apply', '-f', '-'], { input: EVENT.replace('UID', uid) });

    assert.match(
      await inDemo('describe', 'deployment', 'web'),
      /Warning +NotRun +\S+ +tester +nobody runs it/,
    );
    assert.match(await inDemo('get', 'events'), /Warning +NotRun +deployment\/web +nobody runs it/);
    assert.match(await polder.ok(['describe', 'accessrole', 'operator']), /Kind: +AccessRole[^]*Actions:/);
  });

  it('diff exits with 1 and shows what would change, with 0 when nothing would', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'd' }, data: { a: '1' } };
    await polder.ok(['apply', '-n', 'demo', '-f', '-'], { input: JSON.stringify(object) });
    const changed = JSON.stringify({ ...object, data: { a: '2' } });

    for (const how of [[], ['--server-side']]) {
      const differs = await polder.kubectl(['diff', ...how, '-n', 'demo', '-f', '-'], { input: changed });
      assert.equal(differs.code, 1, differs.stderr);
      assert.match(differs.stdout, /-  a: "1"\n\+  a: "2"/);
    }
    await polder.ok(['diff', '-n', 'demo', '-f', '-'], { input: JSON.stringify(object) });
  });

  it('edit writes what the editor made of it', async () => {
    const editor = join(polder.dir, 'editor.sh');
    writeFileSync(
      editor,
      '#!/bin/sh\nsed -i "s/replicas: 5/replicas: 4/; s/actions:/description: edited\\n  actions:/" "$1"\n',
      {
        mode: 0o700,
      },
    );
    const env = { EDITOR: editor };
    const role = {
      apiVersion: 'platform.polder.dev/v1alpha1',
      kind: 'AccessRole',
      metadata: { name: 'mine' },
    };
    await polder.ok(['create', '-f', '-'], {
      input: JSON.stringify({ ...role, spec: { actions: ['depots:get'] } }),
    });

    await polder.ok(['edit', 'deployment', 'web', '-n', 'demo'], { env });
    await polder.ok(['edit', 'accessrole', 'mine'], { env });

    assert.equal(await inDemo('get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}'), '4');
    assert.equal(await polder.ok(['get', 'ar', 'mine', '-o', 'jsonpath={.spec.description}']), 'edited');
  });

  it('replace refuses what was changed since it was read', async () => {
    await inDemo('create', 'configmap', 'r');
    const input = await inDemo('get', 'configmap', 'r', '-o', 'json');
    await inDemo('label', 'configmap', 'r', 'a=b');

    const stale = await polder.kubectl(['replace', '-n', 'demo', '-f', '-'], { input });

    assert.match(
      stale.stderr,
      /\(Conflict\).*the object has been modified; please apply your changes to the latest/,
    );
    await polder.ok(['replace', '--force', '-n', 'demo', '-f', '-'], { input });
    assert.equal(await inDemo('get', 'configmap', 'r', '-o', 'jsonpath={.metadata.labels}'), '');
  });

  it('label and annotate change what is there only with --overwrite', async () => {
    await inDemo('create', 'configmap', 'l');
    await inDemo('label', 'configmap', 'l', 'a=b');
    await inDemo('annotate', 'configmap', 'l', 'a=b');
    for (const verb of ['label', 'annotate']) {
      const refused = await polder.kubectl([verb, 'configmap', 'l', 'a=c', '-n', 'demo']);
      assert.match(
        refused.stderr,
        /'?a'? already has a value|annotations \(a\) already exists|--overwrite is false/,
      );
      await inDemo(verb, 'configmap', 'l', 'a=c', '--overwrite');
    }

    const shown = 'jsonpath={.metadata.labels.a}{.metadata.annotations.a}';
    assert.equal(await inDemo('get', 'configmap', 'l', '-o', shown), 'cc');
  });

  it('wait sees conditions of own kinds and deletions', async () => {
    const tenant = {
      apiVersion: 'platform.polder.dev/v1alpha1',
      kind: 'Tenant',
      metadata: { name: 'waits' },
      spec: {},
    };
    await polder.ok(['apply', '-f', '-'], { input: JSON.stringify(tenant) });
    const done = 'tenant.platform.polder.dev/waits condition met';
    assert.equal(await polder.ok(['wait', '--for=condition=Ready', 'tenant/waits', '--timeout=20s']), done);

    await polder.ok(['delete', 'tenant', 'waits', '--wait=false']);

    assert.match(
      await polder.ok(['wait', '--for=delete', 'tenant/waits', '--timeout=20s']),
      /condition met|^$/,
    );
  });

  it('apply --prune -l removes what is no longer there, of every kind that kubectl asks for', async () => {
    const map = (name: string): object => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'demo', labels: { set: 'pruned' } },
    });
    const apply = async (...names: string[]): Promise<string> =>
      await polder.ok(['apply', '--prune', '-l', 'set=pruned', '-f', '-'], {
        input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: names.map(map) }),
      });
    await apply('one', 'two');

    assert.equal(await apply('one'), 'configmap/one unchanged\nconfigmap/two pruned');
  });

  it('run and expose make pods and services', async () => {
    await inDemo('run', 'p', '--image=nginx', '--port=80');
    await inDemo('expose', 'pod', 'p', '--name=ps');
    await inDemo('expose', 'deployment', 'web', '--port=80', '--target-port=8080');

    assert.match(await inDemo('get', 'pod', 'p'), /p +0\/1 +Pending +0/);
    assert.equal(await inDemo('get', 'service', 'ps', '-o', 'jsonpath={.spec.selector.run}'), 'p');
    assert.equal(
      await inDemo(
        'get',
        'service',
        'web',
        '-o',
        'jsonpath={.spec.selector.app}:{.spec.ports[0].targetPort}',
      ),
      'web:8080',
    );
  });

  it('rollout restart, pause, resume and history act on the stored Deployment', async () => {
    await inDemo('rollout', 'restart', 'deployment/web');
    const restarted = 'jsonpath={.spec.template.metadata.annotations}';
    assert.match(await inDemo('get', 'deployment', 'web', '-o', restarted), /restartedAt/);
    await inDemo('rollout', 'pause', 'deployment/web');
    await inDemo('rollout', 'resume', 'deployment/web');
    assert.match(await inDemo('rollout', 'history', 'deployment/web'), /No rollout history found/);
  });

  for (const args of [
    ['logs', 'still'],
    ['exec', 'still', '--', 'ls'],
    ['attach', 'still'],
    ['cp', 'package.json', 'still:/tmp/x'],
  ]) {
    it(`${args[0]} says that the local plane runs no pods`, async () => {
      await polder.kubectl(['run', 'still', '--image=nginx', '-n', 'demo']);
      const [command = '', ...rest] = args;

      const refused = await polder.kubectl([command, '-n', 'demo', ...rest]);

      assert.equal(refused.code, 1);
      // kubectl from 1.36 on puts another sentence in front, also before a real kube-apiserver.
      assert.match(
        refused.stderr,
        /(\(BadRequest\)|unable to upgrade connection): pod still does not have a host assigned: the local plane stores pods and does not run them\n$/,
      );
    });
  }

  it('what is not served says so: autoscale, top, create token, drain, logs of no pod', async () => {
    for (const [args, expected] of [
      [
        ['autoscale', 'deployment', 'web', '--max=3', '-n', 'demo'],
        /\(NotFound\): .*horizontalpodautoscalers.autoscaling\/v\d is not served here|failed to create autoscaling\/v2 HPA/,
      ],
      [['top', 'pods', '-n', 'demo'], /Metrics API not available/],
      [['create', 'token', 'default', '-n', 'demo'], /the server could not find the requested resource/],
      [['drain', 'node1'], /the server doesn't have a resource type "nodes"/],
      [['logs', 'nobody', '-n', 'demo'], /pods "nobody" not found/],
    ] as const) {
      const refused = await polder.kubectl(args);
      assert.equal(refused.code, 1, args.join(' '));
      assert.match(refused.stderr, expected);
    }
  });
});
