/** Identity from a client certificate of the client CA: CN is the user, every O a group. */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { UserInfo } from '../../api/identity.ts';
import type { Clock } from '../../runtime/clock.ts';
import { withAuthenticated, type CertificateAuthenticator } from './authenticator.ts';
import {
  presentedBy,
  readCertificates,
  requireInTime,
  verifyChain,
  type Validity,
} from './certificate-chain.ts';

interface Identity extends Validity {
  readonly user: UserInfo;
}
/** What is known of one connection under one pool. */
type Seen = { readonly pool: object } & (
  | { readonly is: 'none' }
  | { readonly is: 'good'; readonly identity: Identity }
  | { readonly is: 'bad'; readonly why: string }
);

export interface ClientCertificates extends CertificateAuthenticator {
  /** Replaces the pool; connections are judged anew. `pem` may hold several certificates; empty: nobody is known. */
  setAuthorities(pem: string): void;
}

/** Throws when `authorities` is neither empty nor certificates. */
export function createClientCertificates(options: {
  readonly authorities: string;
  readonly clock: Clock;
}): ClientCertificates {
  let pool = poolOf(options.authorities);
  const seen = new WeakMap<Socket, Seen>();
  return {
    setAuthorities: (pem) => {
      pool = poolOf(pem);
    },
    authenticate: (socket) => {
      let known = seen.get(socket);
      if (known === undefined || known.pool !== pool) {
        known = judge(socket, pool);
        seen.set(socket, known);
      }
      if (known.is === 'none') return undefined;
      if (known.is === 'bad') throw new Error(known.why);
      requireInTime(known.identity, options.clock.now());
      return known.identity.user;
    },
  };
}

const poolOf = (pem: string): readonly X509Certificate[] => (pem === '' ? [] : readCertificates(pem));

function judge(socket: Socket, pool: readonly X509Certificate[]): Seen {
  try {
    const [leaf, ...intermediates] = presentedBy(socket) ?? [];
    if (leaf === undefined) return { is: 'none', pool };
    return { is: 'good', pool, identity: verifyClient(leaf, intermediates, pool) };
  } catch (error) {
    return { is: 'bad', pool, why: error instanceof Error ? error.message : String(error) };
  }
}

/** Throws with the reason when the certificate is no client's, or no path leads from it to the pool. */
export function verifyClient(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  pool: readonly X509Certificate[],
): Identity {
  const validity = verifyChain(leaf, intermediates, pool);
  return { user: withAuthenticated(userOf(leaf)), ...validity };
}

function userOf(leaf: X509Certificate): UserInfo {
  const names = namesOf(leaf, 'CN');
  const name = names[0];
  if (name === undefined || name === '' || names.length > 1) {
    throw new Error('the certificate must name exactly one CN');
  }
  return { name, groups: namesOf(leaf, 'O'), extra: {} };
}

/** Every value of one attribute of the subject. */
export function namesOf(leaf: X509Certificate, key: 'CN' | 'O'): readonly string[] {
  // The legacy object is built from the parsed name, entry by entry, so no text has to be split here.
  const { subject } = leaf.toLegacyObject();
  const value: unknown = Object.hasOwn(subject, key)
    ? (subject as unknown as Record<string, unknown>)[key]
    : undefined;
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
