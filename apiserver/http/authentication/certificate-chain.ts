/**
 * Verifies what a peer presented against one pool of CAs. A TLS context has one bag of CAs and cannot say which of
 * them vouched for the peer, so nothing here relies on its verdict; that also lets pools change under open
 * connections. source: RFC 5280 6, and Go's crypto/x509 Verify for what Kubernetes accepts.
 */
import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket, type DetailedPeerCertificate } from 'node:tls';
import { BASIC_CONSTRAINTS, extensionsOf, pathLengthOf, type Extension } from './certificate-extensions.ts';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';
/** Intermediates between leaf and root. */
const MAX_CHAIN_LENGTH = 8;
/** Key usage, alternative names, distribution points, policies, key ids, extended usage: read by us or of no effect. */
const UNDERSTOOD = new Set([
  BASIC_CONSTRAINTS,
  ...['14', '15', '17', '31', '32', '35', '37'].map((arc) => `2.5.29.${arc}`),
]);

/**
 * Leaf first; undefined when the peer sent no certificate. A certificate cannot change during a connection. Node 24
 * does not tell a server which intermediates came along, so those have to be in the pool.
 */
export type Presented = readonly X509Certificate[] | undefined;

/** When a chain holds, in milliseconds since the epoch. */
export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

const seen = new WeakMap<Socket, { readonly chain: Presented }>();

/** Throws when what was sent cannot be read. */
export function presentedBy(socket: Socket): Presented {
  const known = seen.get(socket);
  if (known !== undefined) return known.chain;
  const chain = socket instanceof TLSSocket ? chainOf(socket.getPeerCertificate(true)) : undefined;
  seen.set(socket, { chain });
  return chain;
}

function chainOf(peer: DetailedPeerCertificate): Presented {
  // Node answers an object without fields when the peer sent no certificate.
  if (Object.keys(peer).length === 0) return undefined;
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

/** One or more PEM certificates. Throws when there is none. */
export function readCertificates(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('the client CA holds no certificate');
  return blocks.map((block) => new X509Certificate(block));
}

/** Throws with the reason when no path of good client certificates leads from the leaf to the pool. */
export function verifyChain(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  pool: readonly X509Certificate[],
): Validity {
  if (leaf.ca) throw new Error('a CA certificate is not a client certificate');
  const path = pathToPool(leaf, intermediates, pool);
  if (path === undefined) throw new Error('no known CA vouches for the certificate');
  for (const [depth, certificate] of path.entries()) requireUsable(certificate, depth);
  return {
    fromMs: Math.max(...path.map((one) => one.validFromDate.getTime())),
    untilMs: Math.min(...path.map((one) => one.validToDate.getTime())),
  };
}

/** Throws while the chain does not hold yet or no longer. */
export function requireInTime({ fromMs, untilMs }: Validity, nowMs: number): void {
  if (nowMs < fromMs) throw new Error('the certificate is not valid yet');
  if (nowMs > untilMs) throw new Error('the certificate has expired');
}

function pathToPool(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  pool: readonly X509Certificate[],
): readonly X509Certificate[] | undefined {
  const path = [leaf];
  let current = leaf;
  for (let depth = 0; depth <= MAX_CHAIN_LENGTH; depth += 1) {
    const child = current;
    const root = latest(pool.filter((authority) => issued(authority, child)));
    if (root !== undefined) return [...path, root];
    const next = intermediates.find((candidate) => !path.includes(candidate) && issued(candidate, child));
    if (next === undefined) return undefined;
    path.push(next);
    current = next;
  }
  return undefined;
}

/** A renewed CA stands beside its predecessor for a while: the one that lasts longest counts. */
const latest = (authorities: readonly X509Certificate[]): X509Certificate | undefined =>
  [...authorities].sort((a, b) => b.validToDate.getTime() - a.validToDate.getTime())[0];

/** Name, CA flag and key usage by OpenSSL's rules, then the signature itself. */
function issued(authority: X509Certificate, subject: X509Certificate): boolean {
  return authority.ca && subject.checkIssued(authority) && subject.verify(authority.publicKey);
}

/** `depth` 0 is the leaf, 1 the CA that signed it. Throws with the reason. */
function requireUsable(certificate: X509Certificate, depth: number): void {
  const usages = certificate.keyUsage as readonly string[] | undefined;
  const isForClients =
    usages === undefined ? depth > 0 : usages.includes(CLIENT_AUTH) || usages.includes(ANY_USAGE);
  if (!isForClients) throw new Error('the certificate lacks the extended key usage clientAuth');
  const extensions = extensionsOf(certificate.raw);
  if (depth > 0 && pathLengthOf(extensions) < depth - 1) {
    throw new Error('the chain is longer than a CA in it allows');
  }
  const unknown = extensions.find(isNotUnderstood);
  if (unknown !== undefined)
    throw new Error(`the certificate has the extension ${unknown.oid}, which is not understood`);
}

/** Name constraints are refused even when they are not critical: whoever set them meant to bound somebody. */
const isNotUnderstood = ({ oid, critical }: Extension): boolean =>
  oid === '2.5.29.30' || (critical && !UNDERSTOOD.has(oid));
