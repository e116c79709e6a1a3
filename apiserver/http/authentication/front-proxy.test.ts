/** Over real TLS connections with certificates made here: whose headers count, and how they are read. */
import assert from 'node:assert/strict';
import type { IncomingMessage, Server } from 'node:http';
import { createServer, request as send } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { UserInfo } from '../../api/identity.ts';
import { createAuthority, issue, type Authority, type KeyPair } from '../../runtime/certificates.ts';
import { createFakeClock, type FakeClock } from '../../runtime/clock.ts';
import { silentLog } from '../../runtime/log.ts';
import { createAuthenticator } from './authenticator.ts';
import { createClientCertificates, type ClientCertificates } from './client-certificates.ts';
import { createFrontProxy, type FrontProxy, type RequestHeaderConfig } from './front-proxy.ts';

const HOUR_MS = 3_600_000;
const now = Date.now();

describe('front proxy', () => {
  let proxyCa: Authority;
  let clientCa: Authority;
  let serving: KeyPair;
  let proxyPair: KeyPair;
  let server: Server;
  let seen: IncomingMessage | undefined;
  let clock: FakeClock;
  let proxy: FrontProxy;
  let certificates: ClientCertificates;

  const client = async (
    ca: Authority,
    commonName: string,
    usage: 'client' | 'server' = 'client',
  ): Promise<KeyPair> => issue(ca, { commonName, organizations: ['staff'], usage, validForMs: HOUR_MS, now });

  const config = (changes: Partial<RequestHeaderConfig> = {}): RequestHeaderConfig => ({
    authorities: proxyCa.cert,
    allowedNames: ['front-proxy-client'],
    usernameHeaders: ['X-Remote-User'],
    uidHeaders: [],
    groupHeaders: ['X-Remote-Group'],
    extraPrefixes: ['X-Remote-Extra-'],
    ...changes,
  });

  before(async () => {
    proxyCa = await createAuthority({ commonName: 'proxy CA', validForMs: 24 * HOUR_MS, now });
    clientCa = await createAuthority({ commonName: 'client CA', validForMs: 24 * HOUR_MS, now });
    serving = await issue(clientCa, {
      commonName: 'polder',
      subjectAltNames: ['localhost'],
      usage: 'server',
      validForMs: HOUR_MS,
      now,
    });
    proxyPair = await client(proxyCa, 'front-proxy-client');
  });

  beforeEach(async () => {
    clock = createFakeClock(now);
    proxy = createFrontProxy({ clock, log: silentLog });
    proxy.configure(config());
    certificates = createClientCertificates({ authorities: clientCa.cert, clock });
    const authenticator = createAuthenticator({ proxy, certificates, tokens: [], clock, log: silentLog });
    const answer = async (request: IncomingMessage): Promise<{ code: number; user?: UserInfo | null }> => {
      try {
        return { code: 200, user: (await authenticator.authenticate(request)) ?? null };
      } catch {
        return { code: 401 };
      }
    };
    server = createServer(
      { ...serving, requestCert: true, rejectUnauthorized: false, maxHeaderSize: 128 * 1024 },
      (request, response) => {
        seen = request;
        void answer(request).then(({ code, user }) =>
          response.writeHead(code).end(JSON.stringify(user ?? null)),
        );
      },
    );
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  const call = async (
    pair: KeyPair | undefined,
    headers: readonly string[],
  ): Promise<{ readonly code: number; readonly user: UserInfo | null }> =>
    new Promise((resolve, reject) => {
      const outgoing = send({
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        servername: 'localhost',
        ca: clientCa.cert,
        agent: false,
        headers: ['Host', 'localhost', ...headers],
        ...(pair === undefined ? {} : { cert: pair.cert, key: pair.key }),
      });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            code: response.statusCode ?? 0,
            user: JSON.parse(Buffer.concat(chunks).toString()) as UserInfo | null,
          }),
        );
      });
      outgoing.end();
    });
  const asLatin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

  it('takes the user from the headers of a verified proxy and adds system:authenticated', async () => {
    const { user } = await call(proxyPair, ['X-Remote-User', 'jane', 'X-Remote-Group', 'dev']);
    assert.deepEqual(user, { name: 'jane', groups: ['dev', 'system:authenticated'], extra: {} });
  });

  it('adds system:authenticated to a caller that comes without any group', async () => {
    const { user } = await call(proxyPair, ['X-Remote-User', 'system:kube-aggregator']);
    assert.deepEqual(user?.groups, ['system:authenticated']);
  });

  it('leaves an anonymous caller of the proxy unauthenticated', async () => {
    const headers = ['X-Remote-User', 'system:anonymous', 'X-Remote-Group', 'system:unauthenticated'];
    const { user } = await call(proxyPair, headers);
    assert.deepEqual(user?.groups, ['system:unauthenticated']);
  });

  it('knows a client of the client CA by its certificate, whatever its headers say', async () => {
    const pair = await client(clientCa, 'bob');
    const { user } = await call(pair, ['X-Remote-User', 'admin', 'X-Remote-Group', 'system:masters']);
    assert.deepEqual(user, { name: 'bob', groups: ['staff', 'system:authenticated'], extra: {} });
  });

  it('does not believe a client of the client CA that is called like the proxy', async () => {
    const pair = await client(clientCa, 'front-proxy-client');
    const { user } = await call(pair, ['X-Remote-User', 'admin']);
    assert.equal(user?.name, 'front-proxy-client');
  });

  it('refuses a certificate of the requestheader CA whose name is not allowed', async () => {
    const pair = await client(proxyCa, 'somebody-else');
    assert.equal((await call(pair, ['X-Remote-User', 'admin'])).code, 401);
  });

  it('believes any name when the list of allowed names is empty', async () => {
    proxy.configure(config({ allowedNames: [] }));
    const pair = await client(proxyCa, 'somebody-else');
    assert.equal((await call(pair, ['X-Remote-User', 'jane'])).user?.name, 'jane');
  });

  it('refuses a certificate of the requestheader CA that is not for clients', async () => {
    const pair = await client(proxyCa, 'front-proxy-client', 'server');
    assert.equal((await call(pair, ['X-Remote-User', 'admin'])).code, 401);
  });

  it('refuses a certificate of an unknown CA of the same name', async () => {
    const impostor = await createAuthority({ commonName: 'proxy CA', validForMs: HOUR_MS, now });
    const pair = await client(impostor, 'front-proxy-client');
    assert.equal((await call(pair, ['X-Remote-User', 'admin'])).code, 401);
  });

  it('takes no certificate and identity headers for nobody', async () => {
    const { code, user } = await call(undefined, [
      'X-Remote-User',
      'admin',
      'X-Remote-Group',
      'system:masters',
    ]);
    assert.deepEqual([code, user], [200, null]);
  });

  it('refuses a proxy that names nobody', async () => {
    assert.equal((await call(proxyPair, ['X-Remote-Group', 'system:masters'])).code, 401);
    assert.equal((await call(proxyPair, ['X-Remote-User', '', 'X-Remote-Group', 'dev'])).code, 401);
  });

  it('reads one header with commas as one group', async () => {
    const { user } = await call(proxyPair, ['X-Remote-User', 'jane', 'X-Remote-Group', 'a, system:masters']);
    assert.deepEqual(user?.groups, ['a, system:masters', 'system:authenticated']);
  });

  it('keeps repeated headers apart and in order', async () => {
    const headers = ['X-Remote-User', 'jane', 'X-Remote-Group', 'b', 'X-Remote-Group', 'a'];
    const { user } = await call(proxyPair, headers);
    assert.deepEqual(user?.groups, ['b', 'a', 'system:authenticated']);
  });

  it('decodes keys of extras in lower case and collects their values', async () => {
    const { user } = await call(proxyPair, [
      'X-Remote-User',
      'jane',
      'X-Remote-Extra-Acme.com%2FProject',
      'p',
      'X-Remote-Extra-Acme.com%2Fproject',
      'q, r',
      'X-Remote-Extra-Broken%zz',
      's',
      'X-Remote-Extra-__proto__',
      't',
    ]);
    const extra = new Map(Object.entries(user?.extra ?? {}));
    assert.deepEqual(extra.get('acme.com/project'), ['p', 'q, r']);
    assert.deepEqual(extra.get('broken%zz'), ['s']);
    assert.equal(Object.getPrototypeOf(user?.extra), Object.prototype);
  });

  it('reads header bytes as UTF-8', async () => {
    const headers = ['X-Remote-User', asLatin1('zoë'), 'X-Remote-Group', asLatin1('Entwickler·innen')];
    const { user } = await call(proxyPair, headers);
    assert.equal(user?.name, 'zoë');
    assert.equal(user.groups[0], 'Entwickler·innen');
  });

  it('takes a UID only from headers that are configured for it', async () => {
    const headers = ['X-Remote-User', 'jane', 'X-Remote-Uid', '42'];
    assert.equal((await call(proxyPair, headers)).user?.uid, undefined);
    proxy.configure(config({ uidHeaders: ['X-Remote-Uid'] }));
    assert.equal((await call(proxyPair, headers)).user?.uid, '42');
  });

  it('takes the first configured header that names somebody', async () => {
    proxy.configure(config({ usernameHeaders: ['X-Other-User', 'X-Remote-User'] }));
    assert.equal((await call(proxyPair, ['X-Remote-User', 'jane'])).user?.name, 'jane');
    const both = ['X-Remote-User', 'jane', 'X-Other-User', 'kim'];
    assert.equal((await call(proxyPair, both)).user?.name, 'kim');
  });

  it('takes identity headers away, whoever sent them', async () => {
    for (const pair of [proxyPair, await client(clientCa, 'bob'), undefined]) {
      await call(pair, ['X-Remote-User', 'admin', 'X-Remote-Extra-A', 'b', 'X-Kept', 'yes']);
      assert.deepEqual(
        Object.keys(seen?.headersDistinct ?? {}).filter((name) => name.startsWith('x-')),
        ['x-kept'],
      );
      assert.equal(seen?.headers['x-remote-user'], undefined);
    }
  });

  it('reads 40 KB of groups', async () => {
    const groups = Array.from({ length: 200 }, (_, i) => `oidc:${'g'.repeat(180)}-${i}`);
    const headers = ['X-Remote-User', 'jane', ...groups.flatMap((group) => ['X-Remote-Group', group])];
    assert.deepEqual((await call(proxyPair, headers)).user?.groups, [...groups, 'system:authenticated']);
  });

  it('believes nobody before it is configured', async () => {
    proxy.configure(undefined);
    assert.equal((await call(proxyPair, ['X-Remote-User', 'jane'])).code, 401);
  });

  it('follows a rotated CA and forgets the old one', async () => {
    const newCa = await createAuthority({ commonName: 'proxy CA 2', validForMs: HOUR_MS, now });
    const newPair = await client(newCa, 'front-proxy-client');
    const headers = ['X-Remote-User', 'jane'];
    assert.equal((await call(newPair, headers)).code, 401);
    proxy.configure(config({ authorities: `${proxyCa.cert}\n${newCa.cert}` }));
    assert.equal((await call(newPair, headers)).user?.name, 'jane');
    assert.equal((await call(proxyPair, headers)).user?.name, 'jane');
    proxy.configure(config({ authorities: newCa.cert }));
    assert.equal((await call(proxyPair, headers)).code, 401);
  });

  it('stops believing a certificate that has expired', async () => {
    clock.advance(2 * HOUR_MS);
    assert.equal((await call(proxyPair, ['X-Remote-User', 'jane'])).code, 401);
  });
});
