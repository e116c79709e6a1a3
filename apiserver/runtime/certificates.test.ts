import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { DAY_MS, createAuthority, issue, needsRenewal } from './certificates.ts';

const NOW = Date.UTC(2026, 0, 1);
const leafOf = (commonName: string, organizations: readonly string[]) => ({
  commonName,
  organizations,
  subjectAltNames: ['localhost', '127.0.0.1', '::1'],
  usage: 'client' as const,
  validForMs: 30 * DAY_MS,
  now: NOW,
});

describe('certificates', () => {
  it('issues leaves that chain to the authority and carry user, groups, SAN and EKU', async () => {
    const authority = await createAuthority({ commonName: 'polder', validForMs: 730 * DAY_MS, now: NOW });

    const leaf = await issue(authority, leafOf('ann', ['acme-admins', 'acme-users']));

    const parsed = new X509Certificate(leaf.cert);
    assert.equal(parsed.verify(new X509Certificate(authority.cert).publicKey), true);
    assert.equal(parsed.checkPrivateKey(createPrivateKey(leaf.key)), true);
    assert.deepEqual(parsed.subject.split('\n'), ['O=acme-admins', 'O=acme-users', 'CN=ann']);
    assert.deepEqual(parsed.keyUsage, ['1.3.6.1.5.5.7.3.2']);
    assert.equal(parsed.checkIP('127.0.0.1'), '127.0.0.1');
    assert.equal(parsed.ca, false);
  });

  it('renews the authority with the same key, so that older leaves still verify', async () => {
    const old = await createAuthority({ commonName: 'polder', validForMs: DAY_MS, now: NOW });
    const leaf = await issue(old, leafOf('ann', []));

    const renewed = await createAuthority({
      commonName: 'polder',
      validForMs: DAY_MS,
      now: NOW + DAY_MS,
      keyOf: old,
    });

    assert.equal(new X509Certificate(leaf.cert).verify(new X509Certificate(renewed.cert).publicKey), true);
    assert.notEqual(renewed.cert, old.cert);
  });

  it('asks for renewal after two thirds of the lifetime', async () => {
    const authority = await createAuthority({ commonName: 'polder', validForMs: 30 * DAY_MS, now: NOW });

    assert.equal(needsRenewal(authority.cert, NOW + 19 * DAY_MS), false);
    assert.equal(needsRenewal(authority.cert, NOW + 21 * DAY_MS), true);
    assert.equal(needsRenewal('garbage', NOW), true);
  });
});
