/** Self-made certificates against a real API server in memory. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane, type ControlPlane } from '../../test/support/control-plane.ts';
import { Namespace } from '../kinds/native/namespace.ts';
import { Secret } from '../kinds/native/secret.ts';
import { DAY_MS, createAuthority, issue, type KeyPair } from '../runtime/certificates.ts';
import { createFakeClock, type FakeClock } from '../runtime/clock.ts';
import { silentLog } from '../runtime/log.ts';
import { AUTHORITY_NAME, ensureOwnAuthority } from './own-authority.ts';
import {
  selfMadeServing,
  servingFromFiles,
  type Serving,
  type ServingCertificate,
} from './serving-certificate.ts';
import { ensureSharedSecret } from './shared-secret.ts';

const { signal } = new AbortController();

describe('self-made certificates', function () {
  this.timeout(30_000);
  let plane: ControlPlane;
  let clock: FakeClock;
  let namespace: string;
  let count = 0;
  const open: ServingCertificate[] = [];
  before(async () => {
    plane = await startControlPlane({ reconcilers: [] });
  });
  after(() => plane.close());
  beforeEach(async () => {
    clock = createFakeClock(Date.now());
    namespace = `made-${(count += 1)}`;
    await plane.admin.create(Namespace, { metadata: { name: namespace } });
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  const serving = (): ServingCertificate => {
    const made = selfMadeServing({
      client: plane.admin,
      namespace,
      service: 'polder',
      clock,
      log: silentLog,
    });
    open.push(made);
    return made;
  };
  const isSignedBy = (cert: string, bundle: string): boolean =>
    (bundle.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).some((pem) => {
      const authority = new X509Certificate(pem);
      return new X509Certificate(cert).verify(authority.publicKey);
    });

  it('are for the name of the Service and signed by the CA in the Secret', async () => {
    const made = await serving().first();
    const certificate = new X509Certificate(made.cert);
    assert.equal(certificate.checkHost(`polder.${namespace}.svc`), `polder.${namespace}.svc`);
    assert.ok(isSignedBy(made.cert, made.bundle ?? ''));
    const secret = await plane.admin.get(Secret, { namespace, name: AUTHORITY_NAME });
    assert.equal(Buffer.from(secret.data?.['ca.crt'] ?? '', 'base64').toString(), made.bundle);
  });

  it('come from one CA however many begin at once', async () => {
    const bundles = await Promise.all(
      Array.from({ length: 5 }, async () => (await serving().first()).bundle),
    );
    assert.equal(new Set(bundles).size, 1);
  });

  it('fill a Secret that is there and empty', async () => {
    await plane.admin.create(Secret, { metadata: { namespace, name: AUTHORITY_NAME }, type: 'Opaque' });
    const made = await serving().first();
    assert.ok(isSignedBy(made.cert, made.bundle ?? ''));
  });

  it('are renewed by the clock, long before they end', async () => {
    const made = serving();
    const first = await made.first();
    const renewed = Promise.withResolvers<Serving>();
    made.start((next) => renewed.resolve(next));
    clock.advance(20 * DAY_MS + 3_600_000);
    const next = await renewed.promise;
    assert.notEqual(next.cert, first.cert);
    assert.equal(next.bundle, first.bundle, 'the CA stays');
    assert.ok(new X509Certificate(first.cert).validToDate.getTime() > clock.now());
  });

  it('follow a CA that was replaced by hand', async () => {
    const made = serving();
    const first = await made.first();
    const replaced = Promise.withResolvers<Serving>();
    made.start((next) => replaced.resolve(next));
    await plane.admin.delete(Secret, { namespace, name: AUTHORITY_NAME });
    const next = await replaced.promise;
    assert.notEqual(next.bundle, first.bundle);
    assert.ok(isSignedBy(next.cert, next.bundle ?? ''));
  });

  it('keep what an earlier certificate of the CA signed good when the CA is renewed', async () => {
    const now = clock.now();
    const options = { client: plane.admin, namespace, signal };
    const old = await ensureOwnAuthority({ ...options, now });
    const leaf = await issue(old.authority, { commonName: 'x', usage: 'server', validForMs: DAY_MS, now });
    const renewed = await ensureOwnAuthority({ ...options, now: now + 500 * DAY_MS });
    assert.notEqual(renewed.authority.cert, old.authority.cert);
    assert.ok(isSignedBy(leaf.cert, renewed.authority.cert));
    assert.ok(renewed.bundle.includes(old.authority.cert.trim()), 'the old one is still trusted');
    const later = await ensureOwnAuthority({ ...options, now: now + 1_200 * DAY_MS });
    assert.ok(!later.bundle.includes(old.authority.cert.trim()), 'until it ends');
  });

  it('shared secrets are made once and kept', async () => {
    let made = 0;
    const wanted = {
      client: plane.admin,
      namespace,
      name: 'keys',
      key: 'k',
      make: () => Buffer.from(`value-${(made += 1)}`),
      signal,
    };
    const values = await Promise.all(Array.from({ length: 5 }, () => ensureSharedSecret(wanted)));
    assert.equal(new Set(values.map(String)).size, 1);
    assert.equal(String(await ensureSharedSecret(wanted)), String(values[0]));
    const other = await ensureSharedSecret({ ...wanted, key: 'other' });
    assert.notEqual(String(other), String(values[0]));
    assert.equal(String(await ensureSharedSecret(wanted)), String(values[0]), 'other keys leave it alone');
  });

  describe('from files', () => {
    let dir: string;
    let pairs: readonly KeyPair[];
    before(async () => {
      const authority = await createAuthority({ commonName: 'ca', validForMs: DAY_MS, now: Date.now() });
      pairs = await Promise.all(
        ['one', 'two'].map((commonName) =>
          issue(authority, { commonName, usage: 'server', validForMs: DAY_MS, now: Date.now() }),
        ),
      );
    });
    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'polder-files-'));
    });
    afterEach(() => rmSync(dir, { recursive: true, force: true }));
    const write = (cert: KeyPair | undefined, key: KeyPair | undefined): void => {
      writeFileSync(join(dir, 'crt'), cert?.cert ?? '');
      writeFileSync(join(dir, 'key'), key?.key ?? '');
    };
    const fromFiles = (): ServingCertificate => {
      const made = servingFromFiles({ cert: join(dir, 'crt'), key: join(dir, 'key'), clock, log: silentLog });
      open.push(made);
      return made;
    };

    it('are read again when they change, and half a pair is left alone', async () => {
      const [one, two] = pairs;
      write(one, one);
      const made = fromFiles();
      assert.equal((await made.first()).cert, one?.cert);
      const renewed = Promise.withResolvers<Serving>();
      const told = new Set<Serving>();
      const isTold = (): boolean => told.size > 0;
      made.start((next) => {
        told.add(next);
        renewed.resolve(next);
      });
      write(two, one);
      clock.advance(10_000);
      await plane.admin.list(Namespace);
      assert.ok(!isTold());
      write(two, two);
      // Reading takes turns of the event loop that the clock knows nothing of.
      while (!isTold()) {
        clock.advance(10_000);
        await plane.admin.list(Namespace);
      }
      assert.equal((await renewed.promise).cert, two?.cert);
    });

    it('are refused at the start when they do not belong together', () => {
      const [one, two] = pairs;
      write(one, two);
      assert.throws(() => fromFiles(), /does not belong to the key/);
      write(undefined, undefined);
      assert.throws(() => fromFiles());
    });
  });
});
