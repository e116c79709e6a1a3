/**
 * Polder's own CA inside a cluster, for installations without a certificate manager: kept in one Secret, made by
 * whichever process comes first, renewed in place. Each process issues its own serving certificate from it.
 */
import { X509Certificate } from 'node:crypto';
import { ApiError } from '../api/errors.ts';
import { ConfigMap } from '../kinds/native/config-map.ts';
import { Secret } from '../kinds/native/secret.ts';
import { DAY_MS, createAuthority, needsRenewal, type Authority } from '../runtime/certificates.ts';
import type { Client } from './client.ts';
import { isConflict, isNotFound } from './status.ts';

/** Name of the Secret with the CA and its key, and of the ConfigMap with what to trust. */
export const AUTHORITY_NAME = 'polder-ca';

export interface OwnAuthority {
  readonly authority: Authority;
  /** PEM: the CA, and its predecessors while what they signed may still be in use. */
  readonly bundle: string;
}

interface Deps {
  readonly client: Client;
  readonly namespace: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
}

const LIFETIME_MS = 730 * DAY_MS;
/** Another process made or renewed it meanwhile; each try starts from what is there then. */
const MAX_ATTEMPTS = 5;

/** Reads, makes or renews the CA. Rejects with the `ApiError` of the host when it cannot. */
export async function ensureOwnAuthority(deps: Deps): Promise<OwnAuthority> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ensureOnce(deps);
    } catch (error) {
      const cameBetween =
        isConflict(error) || (error instanceof ApiError && error.reason === 'AlreadyExists');
      if (!cameBetween || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

async function ensureOnce(deps: Deps): Promise<OwnAuthority> {
  const { client, namespace, now, signal } = deps;
  const stored = await client.find(Secret, { namespace, name: AUTHORITY_NAME }, { signal });
  const known = stored === undefined ? undefined : authorityIn(stored);
  if (stored !== undefined && known !== undefined && !needsRenewal(known.authority.cert, now)) return known;
  const made = await make(known, now);
  const data = dataOf(made);
  if (stored === undefined) {
    const metadata = { namespace, name: AUTHORITY_NAME, labels: LABELS };
    await client.create(Secret, { metadata, type: 'kubernetes.io/tls', data }, { signal });
  } else {
    await client.update(Secret, { ...stored, data: { ...stored.data, ...data } }, { signal });
  }
  return made;
}

const LABELS = { 'app.kubernetes.io/part-of': 'polder', 'app.kubernetes.io/managed-by': 'polder' };

/** A CA that is renewed keeps its key and name, so what it signed before stays good. */
async function make(known: OwnAuthority | undefined, now: number): Promise<OwnAuthority> {
  const authority = await createAuthority({
    commonName: AUTHORITY_NAME,
    validForMs: LIFETIME_MS,
    now,
    ...(known === undefined ? {} : { keyOf: known.authority }),
  });
  const older = known === undefined ? [] : certificatesIn(known.bundle);
  const valid = older.filter((pem) => new X509Certificate(pem).validToDate.getTime() > now);
  return { authority, bundle: [authority.cert.trim(), ...valid].join('\n') };
}

/** Undefined when the Secret does not hold a CA: it is filled then. */
export function authorityIn(secret: Secret): OwnAuthority | undefined {
  const value = (key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
  const [cert, key, bundle] = [value('tls.crt'), value('tls.key'), value('ca.crt')];
  if (cert === '' || key === '') return undefined;
  return { authority: { is: 'authority', cert, key }, bundle: bundle === '' ? cert : bundle };
}

function dataOf({ authority, bundle }: OwnAuthority): Record<string, string> {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return { 'tls.crt': base64(authority.cert), 'tls.key': base64(authority.key), 'ca.crt': base64(bundle) };
}

const certificatesIn = (pem: string): readonly string[] =>
  pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];

/** Publishes what to trust, for those who must not read the key: agents, people. */
export async function publishBundle(deps: Deps, bundle: string): Promise<void> {
  const { client, namespace, signal } = deps;
  const ref = { namespace, name: AUTHORITY_NAME };
  const data = { 'ca.crt': bundle };
  try {
    const known = await client.get(ConfigMap, ref, { signal });
    if (known.data?.['ca.crt'] !== bundle) await client.patch(ConfigMap, ref, { data }, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(ConfigMap, { metadata: { ...ref, labels: LABELS }, data }, { signal });
  }
}
