import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createAuthority, issue, type Authority } from '../../runtime/certificates.ts';
import { readCertificates } from './certificate-chain.ts';
import { verifyClient } from './client-certificates.ts';

const HOUR_MS = 3_600_000;
const now = Date.now();

describe('client certificates', () => {
  let ca: Authority;
  let other: Authority;
  before(async () => {
    ca = await createAuthority({ commonName: 'client CA', validForMs: HOUR_MS, now });
    other = await createAuthority({ commonName: 'client CA', validForMs: HOUR_MS, now });
  });

  const leaf = async (
    authority: Authority,
    options: {
      readonly usage?: 'client' | 'server';
      readonly commonName?: string;
      readonly at?: number;
    } = {},
  ): Promise<X509Certificate> => {
    const { cert } = await issue(authority, {
      commonName: options.commonName ?? 'ann',
      organizations: ['dev', 'a, b'],
      subjectAltNames: ['x.example'],
      usage: options.usage ?? 'client',
      validForMs: HOUR_MS / 2,
      now: options.at ?? now,
    });
    return new X509Certificate(cert);
  };
  const pool = (...authorities: readonly Authority[]): readonly X509Certificate[] =>
    readCertificates(authorities.map((one) => one.cert).join('\n'));

  it('takes CN as the user and every O as a group', async () => {
    const { user } = verifyClient(await leaf(ca), [], pool(ca));

    assert.equal(user.name, 'ann');
    assert.deepEqual(user.groups, ['dev', 'a, b', 'system:authenticated']);
  });

  it('reads names as UTF-8, whatever they contain', async () => {
    const { user } = verifyClient(
      await leaf(ca, { commonName: 'zoë/CN=root\nO=system:masters' }),
      [],
      pool(ca),
    );

    assert.equal(user.name, 'zoë/CN=root\nO=system:masters');
    assert.ok(!user.groups.includes('system:masters'));
  });

  it('refuses a certificate of another CA with the same name', async () => {
    const certificate = await leaf(other);
    assert.throws(() => verifyClient(certificate, [], pool(ca)), /no known CA/);
    assert.doesNotThrow(() => verifyClient(certificate, [], pool(ca, other)));
  });

  it('refuses a server certificate and a CA', async () => {
    const server = await leaf(ca, { usage: 'server' });
    assert.throws(() => verifyClient(server, [], pool(ca)), /clientAuth/);
    assert.throws(() => verifyClient(new X509Certificate(ca.cert), [], pool(ca)), /a CA certificate/);
  });

  it('does not take a leaf for an issuer', async () => {
    const certificate = await leaf(ca);
    assert.throws(() => verifyClient(certificate, [certificate], pool(other)), /no known CA/);
  });

  it('is valid as long as the shortest-lived certificate of the chain', async () => {
    const identity = verifyClient(await leaf(ca), [], pool(ca));
    assert.ok(Math.abs(identity.untilMs - (now + HOUR_MS / 2)) < 2000);
    assert.ok(identity.fromMs <= now);
  });

  it('still knows leaves of a renewed CA', async () => {
    const certificate = await leaf(ca);
    const renewed = await createAuthority({ commonName: 'client CA', validForMs: HOUR_MS, now, keyOf: ca });
    assert.equal(verifyClient(certificate, [], pool(renewed)).user.name, 'ann');
  });

  it('refuses an empty pool', () => {
    assert.throws(() => readCertificates('not a certificate'), /no certificate/);
  });
});
