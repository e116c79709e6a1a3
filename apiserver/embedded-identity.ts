/**
 * The identity of one embedded Polder: its own CA, serving certificate and administrator kubeconfig, kept in the
 * data directory (keys 0600) and renewed at two thirds of their life.
 */
import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { OPERATORS_GROUP } from './api/identity.ts';
import {
  DAY_MS,
  createAuthority,
  issue,
  needsRenewal,
  type Authority,
  type KeyPair,
} from './runtime/certificates.ts';
import { DataDirUnusableError } from './runtime/data-dir.ts';
import { kubeconfig } from './runtime/kubeconfig.ts';

const CA_LIFETIME_MS = 730 * DAY_MS;
const SERVING_LIFETIME_MS = 30 * DAY_MS;
const ADMIN_LIFETIME_MS = 365 * DAY_MS;
/** The person at the keyboard: runs the platform, and what tenants let them do. */
export const ADMIN_USER = 'admin';
const ADMIN_GROUPS = [OPERATORS_GROUP];
export const ADMIN_KUBECONFIG = 'admin.kubeconfig';

export interface EmbeddedIdentity {
  /** PEM of the CA: clients trust it, and it signs client certificates. */
  readonly ca: string;
  readonly serving: KeyPair;
}

/** Loads or creates CA and serving certificate; renews what is past two thirds of its life. */
export async function ensureIdentity(dataDir: string, now: number): Promise<EmbeddedIdentity> {
  const folder = join(dataDir, 'pki');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const authority = await ensureAuthority(folder, now);
  const known = readPair(folder, 'serving');
  if (known !== undefined && isUsable(known, authority, now)) return { ca: authority.cert, serving: known };
  const serving = await issue(authority, {
    commonName: 'polder',
    subjectAltNames: ['localhost', '127.0.0.1', '::1', ...dnsName(hostname())],
    usage: 'server',
    validForMs: SERVING_LIFETIME_MS,
    now,
  });
  writePair(folder, 'serving', serving);
  return { ca: authority.cert, serving };
}

/** Writes `admin.kubeconfig` for this URL, with a fresh client certificate when the old one is due. */
export async function writeAdminKubeconfig(dataDir: string, url: string, now: number): Promise<string> {
  const folder = join(dataDir, 'pki');
  const authority = await ensureAuthority(folder, now);
  const known = readPair(folder, 'admin');
  const pair =
    known !== undefined && isUsable(known, authority, now)
      ? known
      : await mintClient(dataDir, {
          user: ADMIN_USER,
          groups: ADMIN_GROUPS,
          validForMs: ADMIN_LIFETIME_MS,
          now,
        });
  if (pair !== known) writePair(folder, 'admin', pair);
  const file = join(dataDir, ADMIN_KUBECONFIG);
  writePrivate(
    file,
    kubeconfig({ cluster: 'polder', user: ADMIN_USER, server: url, ca: authority.cert, ...pair }),
  );
  return file;
}

/** Issues a client certificate; possession of the CA key in the data directory is the permission to do so. */
export async function mintClient(
  dataDir: string,
  client: {
    readonly user: string;
    readonly groups: readonly string[];
    readonly validForMs: number;
    readonly now: number;
  },
): Promise<KeyPair> {
  const authority = await ensureAuthority(join(dataDir, 'pki'), client.now);
  return issue(authority, {
    commonName: client.user,
    organizations: client.groups,
    usage: 'client',
    validForMs: client.validForMs,
    now: client.now,
  });
}

/** The CA certificate, or undefined when this directory never held a Polder. */
export function readCa(dataDir: string): string | undefined {
  return readPair(join(dataDir, 'pki'), 'ca')?.cert;
}

/** Of this CA, and not due. A certificate that this CA did not sign would be served and trusted by nobody. */
const isUsable = (pair: KeyPair, authority: Authority, now: number): boolean =>
  !needsRenewal(pair.cert, now) &&
  new X509Certificate(pair.cert).verify(new X509Certificate(authority.cert).publicKey);

/** Throws `DataDirUnusableError` when half of the CA is missing: a new one would void every kubeconfig there is. */
async function ensureAuthority(folder: string, now: number): Promise<Authority> {
  const known = readPair(folder, 'ca');
  const [cert, key] = [join(folder, 'ca.crt'), join(folder, 'ca.key')];
  if (known === undefined && existsSync(cert)) {
    throw new DataDirUnusableError(
      `${key} is missing but ${cert} is there: put the key back, or move ${cert} away to start with a new CA, ` +
        'which makes every kubeconfig minted so far useless',
    );
  }
  if (known !== undefined && !needsRenewal(known.cert, now)) return { is: 'authority', ...known };
  const authority = await createAuthority({
    commonName: 'polder-ca',
    validForMs: CA_LIFETIME_MS,
    now,
    ...(known === undefined ? {} : { keyOf: known }),
  });
  writePair(folder, 'ca', authority);
  return authority;
}

/** Host names that are no DNS name (underscores, too long) would make the certificate unreadable for some clients. */
const dnsName = (name: string): readonly string[] =>
  /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/i.test(name) ? [name] : [];

function readPair(folder: string, name: string): KeyPair | undefined {
  const cert = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  if (!existsSync(cert) || !existsSync(key)) return undefined;
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

function writePair(folder: string, name: string, pair: KeyPair): void {
  // The key goes first: a certificate without its key would be taken for a complete pair after a crash.
  writePrivate(join(folder, `${name}.key`), pair.key);
  writePrivate(join(folder, `${name}.crt`), pair.cert);
}

function writePrivate(file: string, content: string): void {
  const scratch = `${file}.new`;
  writeFileSync(scratch, content, { mode: 0o600 });
  chmodSync(scratch, 0o600);
  renameSync(scratch, file);
}
