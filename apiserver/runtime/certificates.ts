/**
 * Issues X.509 v3 certificates: the only file that knows @peculiar/x509, loaded on first use because a start
 * with valid certificates on disk never needs it.
 */
import type * as X509 from '@peculiar/x509';
import { X509Certificate, randomBytes, webcrypto } from 'node:crypto';

export interface KeyPair {
  /** PEM, one certificate. */
  readonly cert: string;
  /** PEM, PKCS#8. */
  readonly key: string;
}

export interface Authority extends KeyPair {
  readonly is: 'authority';
}

interface LeafOptions {
  readonly commonName: string;
  /** Kubernetes groups of a client certificate. */
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses; a server needs at least one. Default none. */
  readonly subjectAltNames?: readonly string[];
  readonly usage: 'client' | 'server';
  readonly validForMs: number;
  readonly now: number;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Clocks of clients differ; a certificate is valid a little before it was made. */
const BACKDATE_MS = 5 * 60_000;
export const DAY_MS = 86_400_000;
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

async function library(): Promise<typeof X509> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

/** Creates a self-signed CA. With `keyOf`, the CA is renewed: same key and subject, so older leaves stay valid. */
export async function createAuthority(options: {
  readonly commonName: string;
  readonly validForMs: number;
  readonly now: number;
  readonly keyOf?: KeyPair;
}): Promise<Authority> {
  const x509 = await library();
  const keys =
    options.keyOf === undefined
      ? await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
      : await importKeys(options.keyOf);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [options.commonName] }],
    notBefore: new Date(options.now - BACKDATE_MS),
    notAfter: new Date(options.now + options.validForMs),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { is: 'authority', cert: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

/** Issues a leaf certificate with a fresh key. */
export async function issue(authority: Authority, options: LeafOptions): Promise<KeyPair> {
  const x509 = await library();
  const [keys, signer] = await Promise.all([
    webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']),
    importKeys(authority),
  ]);
  const issuer = new x509.X509Certificate(authority.cert);
  const organizations = [...(options.organizations ?? [])];
  const names = (options.subjectAltNames ?? []).map((value) => ({
    type: isAddress(value) ? ('ip' as const) : ('dns' as const),
    value,
  }));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [
      ...(organizations.length === 0 ? [] : organizations.map((group) => ({ O: [group] }))),
      { CN: [options.commonName] },
    ],
    issuer: issuer.subjectName,
    notBefore: new Date(options.now - BACKDATE_MS),
    notAfter: new Date(options.now + options.validForMs),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: signer.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([options.usage === 'client' ? CLIENT_AUTH : SERVER_AUTH]),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { cert: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

/** True once two thirds of the lifetime have passed, or when the certificate cannot be read. */
export function needsRenewal(cert: string, now: number): boolean {
  try {
    const { validFrom, validTo } = new X509Certificate(cert);
    const from = Date.parse(validFrom);
    return now >= from + ((Date.parse(validTo) - from) * 2) / 3;
  } catch {
    return true;
  }
}

const isAddress = (name: string): boolean => /^[0-9.]+$/.test(name) || name.includes(':');

/** 16 random bytes, positive. source: RFC 5280 4.1.2.2, at most 20 octets. */
const serial = (): string => `01${randomBytes(15).toString('hex')}`;

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

async function importKeys(pair: KeyPair): Promise<webcrypto.CryptoKeyPair> {
  const body = pair.key.replace(/-----[A-Z ]+-----|\s/g, '');
  const privateKey = await webcrypto.subtle.importKey('pkcs8', Buffer.from(body, 'base64'), ALGORITHM, true, [
    'sign',
  ]);
  const spki = new X509Certificate(pair.cert).publicKey.export({ type: 'spki', format: 'der' });
  const publicKey = await webcrypto.subtle.importKey('spki', spki, ALGORITHM, true, ['verify']);
  return { privateKey, publicKey };
}
