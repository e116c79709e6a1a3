import { SignJWT, exportJWK, generateKeyPair, type JWTPayload } from 'jose';
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Socket } from 'node:net';
import { createAuthority, issue } from '../../runtime/certificates.ts';
import { createFakeClock, systemClock } from '../../runtime/clock.ts';
import { createComponentTokens } from '../../runtime/component-tokens.ts';
import { silentLog } from '../../runtime/log.ts';
import {
  createAuthenticator,
  type Authenticator,
  TokenUnknownError,
  type TokenAuthenticator,
  type TokenIdentity,
} from './authenticator.ts';
import { createOidc, type OidcOptions } from './oidc.ts';
import { createServiceAccounts } from './service-accounts.ts';
import { createStaticTokens } from './static-tokens.ts';

const UNAUTHORIZED = { code: 401, reason: 'Unauthorized' };
const request = (headers: Readonly<Record<string, string>>): IncomingMessage =>
  ({ headers, socket: new Socket() }) as unknown as IncomingMessage;
const bearer = (token: string): IncomingMessage => request({ authorization: `Bearer ${token}` });

describe('service-account tokens', () => {
  const minted = createComponentTokens();
  const accounts = createServiceAccounts({ publicKey: minted.publicKey, clock: systemClock });

  it('name the account and its groups', async () => {
    const found = await accounts.authenticate(minted.mint('polder-system', 'controllers'));

    assert.deepEqual(found?.user, {
      name: 'system:serviceaccount:polder-system:controllers',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:polder-system'],
      extra: {},
    });
    assert.ok((found.expiresMs ?? 0) > Date.now());
  });

  it('are refused after they expired', async () => {
    const clock = createFakeClock(Date.now() + 2 * 3_600_000);
    const later = createServiceAccounts({ publicKey: minted.publicKey, clock });
    await assert.rejects(async () => later.authenticate(minted.mint('a', 'b')), /exp/);
  });

  it('are refused from another key, without expiry, for another audience and for odd subjects', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const own = createServiceAccounts({ publicKey, clock: systemClock });
    const sign = async (sub: string, aud: string, exp: string | undefined): Promise<string> => {
      const token = new SignJWT({}).setProtectedHeader({ alg: 'Ed25519' }).setIssuer('polder');
      token.setSubject(sub).setAudience(aud);
      if (exp !== undefined) token.setExpirationTime(exp);
      return token.sign(privateKey);
    };
    const good = 'system:serviceaccount:a:b';
    assert.equal((await own.authenticate(await sign(good, 'polder', '1h')))?.user.name, good);
    await assert.rejects(async () => accounts.authenticate(await sign(good, 'polder', '1h')));
    await assert.rejects(async () => own.authenticate(await sign(good, 'polder', undefined)));
    await assert.rejects(async () => own.authenticate(await sign(good, 'other', '1h')));
    for (const subject of [
      'root',
      'system:serviceaccount:a',
      'system:serviceaccount:a:b:c',
      'system:serviceaccount::b',
    ]) {
      await assert.rejects(
        async () => own.authenticate(await sign(subject, 'polder', '1h')),
        /no service account/,
      );
    }
  });

  it('of no signature are refused, others are left to the next', async () => {
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(
      '{"iss":"polder","aud":"polder","sub":"system:serviceaccount:a:b","exp":99999999999}',
    ).toString('base64url')}.`;
    await assert.rejects(async () => accounts.authenticate(none));
    assert.equal(await accounts.authenticate('not-a-jwt'), undefined);
  });
});

describe('token authentication', () => {
  const authenticator = (tokens: readonly TokenAuthenticator[], clock = systemClock): Authenticator =>
    createAuthenticator({ tokens, clock, log: silentLog });

  it('adds system:authenticated, once', async () => {
    const tokens = createStaticTokens('token-ann-1,ann,u1\ntoken-bob-1,bob,u2,"system:authenticated"');
    const chain = authenticator([tokens]);
    assert.deepEqual((await chain.authenticate(bearer('token-ann-1')))?.groups, ['system:authenticated']);
    assert.deepEqual((await chain.authenticate(bearer('token-bob-1')))?.groups, ['system:authenticated']);
  });

  it('knows no credentials from bad ones', async () => {
    const chain = authenticator([createStaticTokens('token-ann-1,ann,u1')]);
    assert.equal(await chain.authenticate(request({})), undefined);
    for (const authorization of [
      'Bearer wrong-token',
      'Basic YTpi',
      'Bearer',
      'Bearer a b',
      `Bearer ${'x'.repeat(20_000)}`,
    ]) {
      await assert.rejects(async () => chain.authenticate(request({ authorization })), UNAUTHORIZED);
    }
  });

  it('takes the token of a WebSocket from its subprotocol', async () => {
    const chain = authenticator([createStaticTokens('token-ann-1,ann,u1')]);
    const encoded = Buffer.from('token-ann-1').toString('base64url');
    const header = `base64url.bearer.authorization.k8s.io.${encoded}, base64.binary.k8s.io`;
    assert.equal((await chain.authenticate(request({ 'sec-websocket-protocol': header })))?.name, 'ann');
    assert.equal(await chain.authenticate(request({ 'sec-websocket-protocol': 'other' })), undefined);
  });

  it('asks once in ten seconds, for good and bad tokens alike, and forgets no expiry', async () => {
    const clock = createFakeClock(1_000_000);
    let asked = 0;
    const counting: TokenAuthenticator = {
      name: 'counting',
      authenticate: (token) => {
        asked += 1;
        if (token === 'bad-token') throw new Error('bad');
        return { user: { name: token, groups: [], extra: {} }, expiresMs: clock.now() + 3000 };
      },
    };
    const chain = authenticator([counting], clock);
    const ask = async (token: string): Promise<string | undefined> => {
      try {
        return (await chain.authenticate(bearer(token)))?.name;
      } catch {
        return 'refused';
      }
    };

    assert.deepEqual(
      [await ask('good-token'), await ask('good-token'), asked],
      ['good-token', 'good-token', 1],
    );
    clock.advance(3001);
    assert.deepEqual([await ask('good-token'), asked], ['good-token', 2]);
    assert.deepEqual([await ask('bad-token'), await ask('bad-token'), asked], ['refused', 'refused', 3]);
    clock.advance(10_001);
    assert.deepEqual([await ask('bad-token'), asked], ['refused', 4]);
  });

  it('asks once for a crowd, and remembers nothing when nobody could say', async () => {
    let asked = 0;
    let answer = Promise.withResolvers<TokenIdentity>();
    const waiting: TokenAuthenticator = {
      name: 'waiting',
      authenticate: () => {
        asked += 1;
        return answer.promise;
      },
    };
    const chain = authenticator([waiting], createFakeClock(1_000_000));
    const ask = async (): Promise<string | undefined> => (await chain.authenticate(bearer('a-token')))?.name;

    const crowd = Array.from({ length: 20 }, () => assert.rejects(ask(), { reason: 'Unauthorized' }));
    answer.reject(new TokenUnknownError('the host is away'));
    await Promise.all(crowd);
    assert.equal(asked, 1);

    answer = Promise.withResolvers();
    const late = Array.from({ length: 20 }, ask);
    answer.resolve({ user: { name: 'ann', groups: [], extra: {} } });
    assert.deepEqual(new Set(await Promise.all(late)), new Set(['ann']));
    assert.equal(asked, 2);
  });
});

describe('OIDC tokens', () => {
  interface Issuer {
    readonly options: OidcOptions;
    readonly sign: (
      claims: JWTPayload,
      more?: { readonly iss?: string; readonly exp?: string },
    ) => Promise<string>;
    readonly requests: string[];
    readonly close: () => Promise<void>;
    fail: boolean;
  }
  let issuer: Issuer;
  before(async () => {
    issuer = await startIssuer();
  });
  after(async () => {
    await issuer.close();
  });

  it('are verified against the keys that the issuer publishes', async () => {
    const oidc = createOidc(
      { ...issuer.options, usernameClaim: 'email', groupsClaim: 'groups' },
      systemClock,
    );
    const token = await issuer.sign({
      email: 'ann@example.com',
      groups: ['dev', 'system:masters', 'polder:operators'],
    });

    const found = await oidc.authenticate(token);
    await oidc.authenticate(token);

    assert.deepEqual(found?.user, { name: 'ann@example.com', groups: ['dev'], extra: {} });
    assert.deepEqual(issuer.requests, ['/.well-known/openid-configuration', '/keys']);
  });

  it('map claims with prefixes, the issuer by default', async () => {
    const token = await issuer.sign({ sub: '42', roles: ['operators'] });
    const plain = createOidc(issuer.options, systemClock);
    assert.equal((await plain.authenticate(token))?.user.name, `${issuer.options.issuer}#42`);
    const prefixed = createOidc(
      { ...issuer.options, usernamePrefix: 'corp:', groupsClaim: 'roles', groupsPrefix: 'polder:' },
      systemClock,
    );
    const found = await prefixed.authenticate(token);
    assert.deepEqual([found?.user.name, found?.user.groups], ['corp:42', ['polder:operators']]);
  });

  it('never name the system', async () => {
    const oidc = createOidc({ ...issuer.options, usernameClaim: 'name', usernamePrefix: '-' }, systemClock);
    for (const name of ['system:admin', 'system:serviceaccount:polder-system:controllers', 'polder:x']) {
      await assert.rejects(async () => oidc.authenticate(await issuer.sign({ name })), /reserved/);
    }
  });

  it('are refused for another audience, when expired, from another key, and with an unverified address', async () => {
    const oidc = createOidc({ ...issuer.options, usernameClaim: 'email' }, systemClock);
    const email = 'ann@example.com';
    await assert.rejects(async () => oidc.authenticate(await issuer.sign({ email, aud: 'other' })), /aud/);
    await assert.rejects(async () => oidc.authenticate(await issuer.sign({ email }, { exp: '-1m' })), /exp/);
    await assert.rejects(
      async () => oidc.authenticate(await issuer.sign({ email, email_verified: false })),
      /verified/,
    );
    await assert.rejects(async () => oidc.authenticate(await issuer.sign({})), /email is missing/);
    const stranger = await startIssuer();
    const forged = await stranger.sign({ email }, { iss: issuer.options.issuer });
    await stranger.close();
    await assert.rejects(async () => oidc.authenticate(forged));
  });

  it('allow for clocks that differ', async () => {
    const late = createOidc({ ...issuer.options, clockSkewSeconds: 120 }, systemClock);
    assert.ok(await late.authenticate(await issuer.sign({ sub: 'a' }, { exp: '-1m' })));
  });

  it('of other issuers are left to the next', async () => {
    const oidc = createOidc(issuer.options, systemClock);
    assert.equal(
      await oidc.authenticate(await issuer.sign({ sub: 'a' }, { iss: 'https://elsewhere' })),
      undefined,
    );
    assert.equal(await oidc.authenticate('opaque'), undefined);
  });

  it('ask an issuer that is down once in ten seconds, then again', async () => {
    const clock = createFakeClock(Date.now());
    const oidc = createOidc(issuer.options, clock);
    const token = await issuer.sign({ sub: 'a' });
    issuer.fail = true;
    const before = issuer.requests.length;
    await assert.rejects(async () => oidc.authenticate(token), /answers 503/);
    await assert.rejects(async () => oidc.authenticate(token), /could not be reached lately/);
    assert.equal(issuer.requests.length, before + 1);

    issuer.fail = false;
    clock.advance(10_001);
    assert.ok(await oidc.authenticate(token));
  });

  it('are refused when discovery describes somebody else, and plain http is never asked', async () => {
    const oidc = createOidc({ ...issuer.options, issuer: `${issuer.options.issuer}/other` }, systemClock);
    const token = await issuer.sign({ sub: 'a' }, { iss: `${issuer.options.issuer}/other` });
    await assert.rejects(async () => oidc.authenticate(token), /another issuer/);
    assert.throws(() => createOidc({ ...issuer.options, issuer: 'http://x' }, systemClock), /must be https/);
  });

  async function startIssuer(): Promise<Issuer> {
    const now = Date.now();
    const ca = await createAuthority({ commonName: 'issuer CA', validForMs: 3_600_000, now });
    const leaf = await issue(ca, {
      commonName: 'issuer',
      subjectAltNames: ['127.0.0.1'],
      usage: 'server',
      validForMs: 3_600_000,
      now,
    });
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
    const requests: string[] = [];
    const state = { fail: false };
    let url = '';
    const server = createServer({ key: leaf.key, cert: leaf.cert }, (message, response) => {
      requests.push(message.url ?? '');
      const document = message.url === '/keys' ? { keys: [jwk] } : { issuer: url, jwks_uri: `${url}/keys` };
      response.writeHead(state.fail ? 503 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      options: { issuer: url, audiences: ['polder', 'polder-cli'], ca: ca.cert },
      requests,
      sign: async (claims, more = {}) =>
        new SignJWT({ aud: 'polder-cli', ...claims })
          .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
          .setIssuer(more.iss ?? url)
          .setExpirationTime(more.exp ?? '1h')
          .sign(privateKey),
      close: async () => new Promise((resolve) => server.close(() => resolve())),
      get fail() {
        return state.fail;
      },
      set fail(value) {
        state.fail = value;
      },
    };
  }
});
