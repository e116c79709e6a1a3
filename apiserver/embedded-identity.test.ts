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
