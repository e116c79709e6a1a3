import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureIdentity, mintClient, writeAdminKubeconfig } from './embedded-identity.ts';
import { DAY_MS } from './runtime/certificates.ts';

const NOW = Date.UTC(2026, 0, 1);

describe('embedded identity', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'polder-pki-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('keeps CA and serving certificate over restarts and renews the serving one when due', async () => {
    const first = await ensureIdentity(dir, NOW);
    const again = await ensureIdentity(dir, NOW + DAY_MS);
    const later = await ensureIdentity(dir, NOW + 25 * DAY_MS);

    assert.deepEqual(again, first);
    assert.equal(later.ca, first.ca);
    assert.notEqual(later.serving.cert, first.serving.cert);
    assert.equal(new X509Certificate(later.serving.cert).checkHost('localhost'), 'localhost');
  });

  it('never replaces a CA of which the key is missing, and says which file is', async () => {
    const { ca } = await ensureIdentity(dir, NOW);
    rmSync(join(dir, 'pki/ca.key'));

    await assert.rejects(ensureIdentity(dir, NOW), /pki\/ca\.key is missing .* put the key back/);

    assert.equal(readFileSync(join(dir, 'pki/ca.crt'), 'utf8'), ca);
  });

  it('serves and administers with certificates of the CA there is', async () => {
    const old = await ensureIdentity(dir, NOW);
    await writeAdminKubeconfig(dir, 'https://127.0.0.1:7443', NOW);
    for (const name of ['ca.crt', 'ca.key']) rmSync(join(dir, 'pki', name));

    const { ca, serving } = await ensureIdentity(dir, NOW);
    await writeAdminKubeconfig(dir, 'https://127.0.0.1:7443', NOW);

    assert.notEqual(ca, old.ca);
    const { publicKey } = new X509Certificate(ca);
    assert.ok(new X509Certificate(serving.cert).verify(publicKey));
    assert.ok(new X509Certificate(readFileSync(join(dir, 'pki/admin.crt'))).verify(publicKey));
  });

  it('writes every key and kubeconfig readable by its owner only', async () => {
    await ensureIdentity(dir, NOW);
    const file = await writeAdminKubeconfig(dir, 'https://127.0.0.1:7443', NOW);

    const secrets = readdirSync(join(dir, 'pki')).map((name) => join(dir, 'pki', name));
    for (const path of [...secrets, file]) assert.equal(statSync(path).mode & 0o777, 0o600, path);
    assert.match(readFileSync(file, 'utf8'), /server: "https:\/\/127\.0\.0\.1:7443"/);
  });

  it('mints client certificates whose groups cannot be mistaken for others', async () => {
    await ensureIdentity(dir, NOW);

    const pair = await mintClient(dir, {
      user: 'zoë, O=x',
      groups: ['a+b', 'c,d'],
      validForMs: DAY_MS,
      now: NOW,
    });

    const subject = new X509Certificate(pair.cert).toLegacyObject().subject as unknown;
    assert.deepEqual({ ...(subject as object) }, { O: ['a+b', 'c,d'], CN: 'zoë, O=x' });
  });
});
