/** The forms of kubectl that people use beside apply and get, against the embedded server. */
import assert from 'node:assert/strict';
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
});
