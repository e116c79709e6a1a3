/** Over real connections: probes, paths of the process itself, upgrades, and an orderly end. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { Agent, get } from 'node:https';
import { connect } from 'node:tls';
import { createProcessServer, serveMetrics, type ProcessServer } from './process-server.ts';
import { createAuthority, issue, type Authority, type KeyPair } from './runtime/certificates.ts';
import { createHealth } from './runtime/health.ts';
import { silentLog } from './runtime/log.ts';
import { createMetrics } from './runtime/metrics.ts';

const HOUR_MS = 3_600_000;

describe('server of a process', () => {
  let ca: Authority;
  let pair: KeyPair;
  let server: ProcessServer;
  let port: number;
  let problem: string | undefined;
  const health = createHealth(
    [
      { name: 'work', probes: ['ready'], check: () => problem },
      { name: 'broken', probes: ['ready'], check: () => undefined },
    ],
    silentLog,
  );
  const serving = (): Promise<KeyPair> =>
    issue(ca, {
      commonName: 'polder-hub',
      subjectAltNames: ['localhost', '127.0.0.1'],
      usage: 'server',
      validForMs: HOUR_MS,
      now: Date.now(),
    });

  before(async () => {
    ca = await createAuthority({ commonName: 'ca', validForMs: HOUR_MS, now: Date.now() });
    pair = await serving();
  });
  beforeEach(async () => {
    problem = undefined;
    server = createProcessServer({
      health,
      log: silentLog,
      handle: ({ url }, response) => {
        if (url !== '/own') return false;
        response.end('own');
        return true;
      },
      upgrade: ({ url }, socket) => {
        if (url !== '/socket') return false;
        socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello');
        return true;
      },
    });
    ({ port } = await server.start(pair, 0, '127.0.0.1'));
  });
  afterEach(() => server.close(0));

  const read = async (message: Promise<unknown[]>): Promise<{ code: number; text: string }> => {
    const [response] = (await message) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { code: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() };
  };
  const ask = (path: string, agent = new Agent({ ca: ca.cert })): ReturnType<typeof read> =>
    read(once(get(`https://127.0.0.1:${port}${path}`, { agent }), 'response'));

  it('answers probes by the state of the process', async () => {
    assert.deepEqual(await ask('/readyz'), { code: 200, text: 'ok' });
    problem = 'a secret reason';
    const failed = await ask('/readyz?verbose');
    assert.equal(failed.code, 500);
    assert.match(failed.text, /\[-\]work failed/);
    assert.doesNotMatch(failed.text, /secret/);
    assert.equal((await ask('/readyz/work')).code, 500);
    assert.equal((await ask('/livez')).code, 200);
  });

  it('answers what is its own, and 404 for the rest, metrics included', async () => {
    assert.deepEqual(await ask('/own'), { code: 200, text: 'own' });
    for (const path of ['/', '/metrics', '/readyz/nothing', '/apis', '/%zz']) {
      assert.equal((await ask(path)).code, 404, path);
    }
  });

  it('gives upgrades of its own away and closes all others', async () => {
    const upgrade = async (path: string): Promise<string> => {
      const socket = connect({ host: '127.0.0.1', port, ca: ca.cert });
      await once(socket, 'secureConnect');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n`);
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    };
    assert.match(await upgrade('/socket'), /101 Switching Protocols[^]*hello$/);
    assert.match(await upgrade('/other'), /^HTTP\/1\.1 404/);
  });

  it('shows a new certificate to new connections, and open ones go on', async () => {
    const kept = new Agent({ ca: ca.cert, keepAlive: true, maxSockets: 1 });
    await ask('/own', kept);
    server.setCertificate(await serving());
    const socket = connect({ host: '127.0.0.1', port, ca: ca.cert });
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    assert.notEqual(serialNumber, new X509Certificate(pair.cert).serialNumber);
    assert.deepEqual(await ask('/own', kept), { code: 200, text: 'own' });
    kept.destroy();
  });

  it('serves metrics and probes on a port of their own', async () => {
    const metrics = createMetrics();
    metrics.counter({ name: 'tries_total', help: 'Tries.' }).inc();
    const scrapes = await serveMetrics({ metrics, health }, 0, '127.0.0.1');
    const plain = (path: string): ReturnType<typeof read> =>
      read(once(getPlain(`http://127.0.0.1:${scrapes.port}${path}`), 'response'));
    assert.match((await plain('/metrics')).text, /^tries_total 1$/m);
    assert.equal((await plain('/readyz')).code, 200);
    assert.equal((await plain('/own')).code, 404);
    await scrapes.close();
  });
});
