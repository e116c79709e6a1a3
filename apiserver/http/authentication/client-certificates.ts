/**
 * Identity from a client certificate: CN is the user, every O a group. The chain is checked here, against the
 * client CA pool alone, although TLS saw it already: a TLS context has one bag of CAs and cannot say which one
 * vouched for the peer.
 */
import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket, type DetailedPeerCertificate } from 'node:tls';
import type { UserInfo } from '../../api/identity.ts';
import type { Clock } from '../../runtime/clock.ts';
import { withAuthenticated, type CertificateAuthenticator } from './authenticator.ts';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';
/** Intermediates between leaf and root. */
const MAX_CHAIN_LENGTH = 8;

interface Identity {
  readonly user: UserInfo;
  readonly fromMs: number;
  readonly untilMs: number;
}
/** What is known of one connection; a certificate cannot change during it. */
type Seen = { readonly pool: object } & (
  | { readonly is: 'none' }
  | { readonly is: 'good'; readonly identity: Identity }
  | { readonly is: 'bad'; readonly why: string }
);

export interface ClientCertificates extends CertificateAuthenticator {
  /** Replaces the pool; connections are judged anew. `pem` may hold several certificates. */
  setAuthorities(pem: string): void;
}

/** Throws when `pem` holds no certificate. */
export function createClientCertificates(options: {
  readonly authorities: string;
  readonly clock: Clock;
}): ClientCertificates {
  let pool = readCertificates(options.authorities);
  const seen = new WeakMap<Socket, Seen>();
  return {
    setAuthorities: (pem) => {
      pool = readCertificates(pem);
    },
    authenticate: (socket) => {
      let known = seen.get(socket);
      if (known === undefined || known.pool !== pool) {
        known = judge(socket, pool);
        seen.set(socket, known);
      }
      if (known.is === 'none') return undefined;
      if (known.is === 'bad') throw new Error(known.why);
      const now = options.clock.now();
      if (now < known.identity.fromMs) throw new Error('the certificate is not valid yet');
      if (now > known.identity.untilMs) throw new Error('the certificate has expired');
      return known.identity.user;
    },
  };
}

export function readCertificates(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('the client CA holds no certificate');
  return blocks.map((block) => new X509Certificate(block));
}

function judge(socket: Socket, pool: readonly X509Certificate[]): Seen {
  if (!(socket instanceof TLSSocket)) return { is: 'none', pool };
  const peer = socket.getPeerCertificate(true);
  // Node answers an object without fields when the peer sent no certificate.
  if (Object.keys(peer).length === 0) return { is: 'none', pool };
  // OpenSSL's own verdict first: it also knows path lengths and name constraints.
  if (!socket.authorized) return { is: 'bad', pool, why: String(socket.authorizationError) };
  try {
    const [leaf, ...intermediates] = presented(peer);
    if (leaf === undefined) return { is: 'none', pool };
    return { is: 'good', pool, identity: verifyClient(leaf, intermediates, pool) };
  } catch (error) {
    return { is: 'bad', pool, why: error instanceof Error ? error.message : String(error) };
  }
}

function presented(peer: DetailedPeerCertificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  const known = new Set<string>();
  let next: DetailedPeerCertificate | undefined = peer;
  while (next?.raw !== undefined && !known.has(next.fingerprint256) && chain.length <= MAX_CHAIN_LENGTH) {
    known.add(next.fingerprint256);
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate as DetailedPeerCertificate | undefined;
  }
  return chain;
}

/** Throws with the reason when no path of good certificates leads from the leaf to the pool. */
export function verifyClient(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  pool: readonly X509Certificate[],
): Identity {
  if (leaf.ca) throw new Error('a CA certificate is not a client certificate');
  const usages = leaf.keyUsage as readonly string[] | undefined;
  if (usages === undefined || !(usages.includes(CLIENT_AUTH) || usages.includes(ANY_USAGE))) {
    throw new Error('the certificate lacks the extended key usage clientAuth');
  }
  const path = pathToPool(leaf, intermediates, pool);
  if (path === undefined) throw new Error('no known CA vouches for the certificate');
  return {
    user: withAuthenticated(userOf(leaf)),
    fromMs: Math.max(...path.map((one) => one.validFromDate.getTime())),
    untilMs: Math.min(...path.map((one) => one.validToDate.getTime())),
  };
}

function pathToPool(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  pool: readonly X509Certificate[],
): readonly X509Certificate[] | undefined {
  const path = [leaf];
  let current = leaf;
  for (let depth = 0; depth <= MAX_CHAIN_LENGTH; depth += 1) {
    const root = pool.find((authority) => issued(authority, current));
    if (root !== undefined) return [...path, root];
    const next = intermediates.find((candidate) => !path.includes(candidate) && issued(candidate, current));
    if (next === undefined) return undefined;
    path.push(next);
    current = next;
  }
  return undefined;
}

/** Name, CA flag and key usage by OpenSSL's rules, then the signature itself. */
function issued(authority: X509Certificate, subject: X509Certificate): boolean {
  return authority.ca && subject.checkIssued(authority) && subject.verify(authority.publicKey);
}

function userOf(leaf: X509Certificate): UserInfo {
  // The legacy object is built from the parsed name, entry by entry, so no text has to be split here.
  const { subject } = leaf.toLegacyObject();
  const names = entries(subject, 'CN');
  const name = names[0];
  if (name === undefined || name === '' || names.length > 1) {
    throw new Error('the certificate must name exactly one CN');
  }
  return { name, groups: entries(subject, 'O'), extra: {} };
}

function entries(subject: object, key: 'CN' | 'O'): readonly string[] {
  const value: unknown = Object.hasOwn(subject, key) ? (subject as Record<string, unknown>)[key] : undefined;
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
