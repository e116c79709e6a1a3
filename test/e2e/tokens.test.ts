/** Bearer tokens from outside: a file of static ones, and an OIDC issuer that runs in the test. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT, exportJWK, generateKeyPair, type CryptoKey } from 'jose';
import { DAY_MS, createAuthority, issue } from '../../apiserver/runtime/certificates.ts';
import { run, startPolder, type Polder } from '../support/polder.ts';

/** The discovery document and key set that OpenID Connect Discovery 1.0 asks of an issuer; a fake of a third party. */
async function fakeIssuer(
  folder: string,
): Promise<{ server: Server; url: string; ca: string; key: CryptoKey }> {
  const now = Date.now();
  const authority = await createAuthority({ commonName: 'issuer-ca', validForMs: DAY_MS, now });
  const serving = await issue(authority, {
    commonName: 'issuer',
    subjectAltNames: ['127.0.0.1'],
    usage: 'server',
    validForMs: DAY_MS,
    now,
  });
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
  let url = '';
  const server = createServer({ ...serving }, (request, response) => {
    const body =
      request.url?.endsWith('openid-configuration') === true
        ? { issuer: url, jwks_uri: `${url}/keys` }
        : { keys: [jwk] };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ca = join(folder, 'issuer-ca.pem');
  writeFileSync(ca, authority.cert);
  return { server, url, ca, key: privateKey };
}

describe('bearer tokens', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'polder-tokens-'));
  let polder: Polder;
  let issuer: Awaited<ReturnType<typeof fakeIssuer>>;
  before(async () => {
    issuer = await fakeIssuer(folder);
    writeFileSync(join(folder, 'tokens.csv'), 'static-token-1,sam,1,"polder:operators,team"\n');
    polder = await startPolder({
      args: [
        `--token-auth-file=${join(folder, 'tokens.csv')}`,
        `--oidc-issuer-url=${issuer.url}`,
        '--oidc-client-id=polder',
        '--oidc-username-claim=email',
        '--oidc-groups-claim=groups',
        `--oidc-ca-file=${issuer.ca}`,
      ],
    });
  });
  after(async () => {
    await polder.remove();
    issuer.server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** kubectl with a token and without the administrator's certificate. */
  const withToken = (token: string, ...args: string[]) => {
    const kubeconfig = readFileSync(polder.kubeconfig, 'utf8').replace(
      /client-certificate-data: .*\n *client-key-data: .*/,
      `token: ${token}`,
    );
    const file = join(folder, 'token.kubeconfig');
    writeFileSync(file, kubeconfig, { mode: 0o600 });
    return run('kubectl', args, { env: { KUBECONFIG: file } });
  };
  const idToken = (claims: object, audience = 'polder', expires = '5m'): Promise<string> =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer(issuer.url)
      .setAudience(audience)
      .setExpirationTime(expires)
      .setIssuedAt()
      .sign(issuer.key);

  it('knows the user of a static token with groups', async () => {
    const output = await withToken('static-token-1', 'auth', 'whoami');

    assert.match(
      output.stdout,
      /Username +sam\nUID +1\nGroups +\[polder:operators team system:authenticated\]/,
      output.stderr,
    );
  });

  it('knows the user of an ID token and takes no name of the system from it', async () => {
    const good = await withToken(
      await idToken({
        email: 'ann@acme.example',
        email_verified: true,
        groups: ['acme-admins', 'system:masters'],
      }),
      'auth',
      'whoami',
    );
    const forged = await withToken(
      await idToken({ email: 'system:serviceaccount:polder-system:controllers' }),
      'auth',
      'whoami',
    );

    assert.match(
      good.stdout,
      /Username +ann@acme\.example\nGroups +\[acme-admins system:authenticated\]/,
      good.stderr,
    );
    assert.match(forged.stderr, /Unauthorized|must be logged in/);
  });

  it('refuses a token for another audience, an expired one and an unknown one', async () => {
    const claims = { email: 'ann@acme.example' };
    const tokens = [await idToken(claims, 'other'), await idToken(claims, 'polder', '-5m'), 'no-such-token'];

    for (const token of tokens) {
      const output = await withToken(token, 'get', 'tenants');
      assert.match(output.stderr, /Unauthorized|must be logged in/);
    }
  });

  it('says which line of the token file is wrong, without the token', async () => {
    writeFileSync(join(folder, 'bad.csv'), 'good-token-1,a,1\nSECRET-TOKEN-2\n');

    const output = await run(
      process.execPath,
      ['apiserver/polder.js', 'up', '--token-auth-file', join(folder, 'bad.csv')],
      {},
    );

    assert.equal(output.code, 2);
    assert.match(output.stderr, /bad\.csv: token file, line 2: must be token,user,uid/);
    assert.doesNotMatch(output.stderr, /SECRET/);
  });
});
