/** Chains with intermediates and odd extensions, made with the X.509 library directly. */
import assert from 'node:assert/strict';
import { X509Certificate, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { readCertificates, verifyChain } from './certificate-chain.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.now();
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
/** NameConstraints with one permitted DNS subtree, `a`. */
const NAME_CONSTRAINTS = Buffer.from('3007a0053003820161', 'hex');

interface Issued {
  readonly pem: string;
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

describe('certificate chains', () => {
  const issue = async (
    name: string,
    issuer: Issued | undefined,
    extensions: readonly x509.Extension[],
    validForMs = HOUR_MS,
  ): Promise<Issued> => {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: `CN=${issuer?.name ?? name}`,
      notBefore: new Date(NOW - HOUR_MS),
      notAfter: new Date(NOW + validForMs),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: (issuer?.keys ?? keys).privateKey,
      extensions: [...extensions],
    });
    return { pem: certificate.toString('pem'), name, keys };
  };
  const ca = (pathLength?: number): x509.Extension[] => [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
  ];
  const client = (): x509.Extension[] => [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.ExtendedKeyUsageExtension([CLIENT_AUTH]),
  ];
  const certificate = ({ pem }: Issued): X509Certificate => new X509Certificate(pem);
  const verify = (leaf: Issued, between: readonly Issued[], roots: readonly Issued[]): unknown =>
    verifyChain(
      certificate(leaf),
      between.map(certificate),
      readCertificates(roots.map(({ pem }) => pem).join('\n')),
    );

  it('hold through intermediates that the peer presents', async () => {
    const root = await issue('root', undefined, ca());
    const first = await issue('first', root, ca(1));
    const second = await issue('second', first, ca(0));
    const leaf = await issue('leaf', second, client());
    assert.doesNotThrow(() => verify(leaf, [second, first], [root]));
    assert.doesNotThrow(() => verify(leaf, [first, second], [root]), 'in any order');
    assert.throws(() => verify(leaf, [first], [root]), /no known CA/);
  });

  it('begin at an intermediate that is in the pool itself', async () => {
    const root = await issue('root', undefined, ca());
    const between = await issue('between', root, ca());
    const leaf = await issue('leaf', between, client());
    assert.doesNotThrow(() => verify(leaf, [], [root, between]));
    assert.doesNotThrow(() => verify(leaf, [], [between]));
  });

  it('are no longer than a CA in them allows', async () => {
    const root = await issue('root', undefined, ca(0));
    const between = await issue('between', root, ca());
    const leaf = await issue('leaf', between, client());
    assert.throws(() => verify(leaf, [between], [root]), /longer than a CA/);
    const direct = await issue('direct', root, client());
    assert.doesNotThrow(() => verify(direct, [], [root]));
  });

  it('do not go through a leaf', async () => {
    const root = await issue('root', undefined, ca());
    const leaf = await issue('leaf', root, client());
    const forged = await issue('forged', leaf, client());
    assert.throws(() => verify(forged, [leaf], [root]), /no known CA/);
  });

  it('do not go through a CA that may not sign certificates', async () => {
    const root = await issue('root', undefined, ca());
    const between = await issue('between', root, [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    ]);
    const leaf = await issue('leaf', between, client());
    assert.throws(() => verify(leaf, [between], [root]), /no known CA/);
  });

  it('do not go through a CA for servers only', async () => {
    const root = await issue('root', undefined, ca());
    const between = await issue('between', root, [
      ...ca(),
      new x509.ExtendedKeyUsageExtension([SERVER_AUTH]),
    ]);
    const leaf = await issue('leaf', between, client());
    assert.throws(() => verify(leaf, [between], [root]), /clientAuth/);
  });

  it('are refused when a CA in them has name constraints, critical or not', async () => {
    for (const critical of [true, false]) {
      const root = await issue('root', undefined, [
        ...ca(),
        new x509.Extension('2.5.29.30', critical, NAME_CONSTRAINTS),
      ]);
      const leaf = await issue('leaf', root, client());
      assert.throws(() => verify(leaf, [], [root]), /2\.5\.29\.30/);
    }
  });

  it('are refused for a critical extension that nobody understands, and only for that', async () => {
    const root = await issue('root', undefined, ca());
    const odd = (critical: boolean): Promise<Issued> =>
      issue('leaf', root, [
        ...client(),
        new x509.Extension('1.2.3.4.5', critical, Buffer.from('0500', 'hex')),
      ]);
    const [refused, accepted] = await Promise.all([odd(true), odd(false)]);
    assert.throws(() => verify(refused, [], [root]), /1\.2\.3\.4\.5/);
    assert.doesNotThrow(() => verify(accepted, [], [root]));
  });

  it('take the CA that lasts longest when it was renewed', async () => {
    const old = await issue('root', undefined, ca(), HOUR_MS / 2);
    const renewed = await x509.X509CertificateGenerator.create({
      subject: 'CN=root',
      issuer: 'CN=root',
      notBefore: new Date(NOW - HOUR_MS),
      notAfter: new Date(NOW + 2 * HOUR_MS),
      signingAlgorithm: ALGORITHM,
      publicKey: old.keys.publicKey,
      signingKey: old.keys.privateKey,
      extensions: ca(),
    });
    const leaf = await issue('leaf', old, client());
    const both = readCertificates(`${old.pem}\n${renewed.toString('pem')}`);
    const { untilMs } = verifyChain(certificate(leaf), [], both);
    assert.ok(untilMs > NOW + HOUR_MS / 2 + 1_000);
  });
});
