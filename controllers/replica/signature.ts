/**
 * Signatures of the replay protocol: bundles, tombstones and heads by the control plane, the session proof by
 * the plane. Small compact JWS (Ed25519) beside a hashed body: verifying costs the same for every body size.
 */
import { CompactSign, calculateJwkThumbprint, compactVerify, exportJWK, importJWK, type JWK } from 'jose';
import { createPublicKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto';
import { isObject } from '../../apiserver/api/json.ts';

const ALGORITHM = 'Ed25519';
export type PublicJwk = JWK;

export interface BundleClaims {
  readonly typ: 'bundle' | 'tombstone';
  readonly uid: string;
  /** UID of the owning tenant. */
  readonly tenant: string;
  /** The one namespace it may touch; empty: any that belongs to the tenant. */
  readonly ns: string;
  readonly dp: string;
  readonly gen: number;
  readonly rv: number;
  readonly epoch: number;
  /** Of the gzipped body, hex; empty for a tombstone. */
  readonly sha256: string;
  /** Tombstone only: `orphan` leaves the objects where they are. */
  readonly mode: 'apply' | 'delete' | 'orphan';
}
export interface HeadClaims {
  readonly typ: 'head';
  readonly dp: string;
  readonly epoch: number;
  readonly headRV: number;
  readonly count: number;
  readonly digest: string;
  readonly iat: number;
}
export interface ProofClaims {
  readonly typ: 'proof';
  readonly nonce: string;
  readonly dp: string;
  readonly instanceId: string;
  readonly epoch: number;
}
type Claims = BundleClaims | HeadClaims | ProofClaims;

/** A signature that does not hold; `message` says which check failed. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

/** Signs with an Ed25519 private key; `kid` is the thumbprint of its public half. */
export async function signClaims(key: KeyObject, kid: string, claims: Claims): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: ALGORITHM, kid, typ: `polder-${claims.typ}` })
    .sign(key);
}

const numberFields = ['gen', 'rv', 'epoch', 'headRV', 'count', 'iat'];

/**
 * Verifies a signature against the pinned keys (by `kid`) and that the claims are of a wanted type.
 * Throws `SignatureError`.
 */
export async function verifyClaims<T extends Claims['typ']>(
  jws: string,
  keys: ReadonlyMap<string, PublicJwk>,
  types: readonly T[],
): Promise<Extract<Claims, { readonly typ: BundleClaims['typ'] | T }> & { readonly typ: T }> {
  let payload: Uint8Array;
  let headerType: unknown;
  try {
    const result = await compactVerify(
      jws,
      async (header) => {
        const key = keys.get(header.kid ?? '');
        if (key === undefined) throw new SignatureError('signed by a key that is not pinned');
        return importJWK(key, ALGORITHM);
      },
      { algorithms: [ALGORITHM] },
    );
    payload = result.payload;
    headerType = result.protectedHeader.typ;
  } catch (error) {
    if (error instanceof SignatureError) throw error;
    throw new SignatureError('signature does not verify', { cause: error });
  }
  const claims: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
  const typ = isObject(claims) ? claims['typ'] : undefined;
  if (
    !isObject(claims) ||
    !types.some((wanted) => wanted === typ) ||
    headerType !== `polder-${typeof typ === 'string' ? typ : ''}`
  ) {
    throw new SignatureError(
      `signed claims are of type ${JSON.stringify(typ)}, wanted ${types.join(' or ')}`,
    );
  }
  for (const field of numberFields) {
    if (Object.hasOwn(claims, field) && !Number.isSafeInteger(claims[field])) {
      throw new SignatureError(`${field} is no whole number`);
    }
  }
  return claims as never;
}

export async function publicJwkOf(
  key: KeyObject,
): Promise<{ readonly jwk: PublicJwk; readonly kid: string }> {
  const jwk = await exportJWK(key.type === 'private' ? createPublicKey(key) : key);
  return { jwk, kid: await calculateJwkThumbprint(jwk) };
}

/** RFC 7638 thumbprint of a public key received from outside; throws `SignatureError` for any other kind of key. */
export async function thumbprintOf(jwk: unknown): Promise<string> {
  return calculateJwkThumbprint(
    publicKeyOf(jwk, {
      kty: 'OKP',
      crv: 'Ed25519',
      sentence: 'the signing key must be an Ed25519 public JWK',
    }),
  );
}

/** The public members of a sealing key received from outside; throws `SignatureError` unless it is on P-256. */
export function sealingKeyOf(jwk: unknown): PublicJwk {
  return publicKeyOf(jwk, {
    kty: 'EC',
    crv: 'P-256',
    sentence: 'the sealing key must be a P-256 public JWK',
  });
}

function publicKeyOf(
  jwk: unknown,
  wanted: { readonly kty: string; readonly crv: string; readonly sentence: string },
): PublicJwk {
  const { kty, crv, sentence } = wanted;
  if (!isObject(jwk) || jwk['kty'] !== kty || jwk['crv'] !== crv || Object.hasOwn(jwk, 'd')) {
    throw new SignatureError(sentence);
  }
  const { x, y } = jwk;
  const key = { kty, crv, x, ...(kty === 'EC' ? { y } : {}) } as JWK;
  try {
    // Refuses coordinates of the wrong length and points that are not on the curve.
    createPublicKey({ key: key as JsonWebKeyInput['key'], format: 'jwk' });
  } catch (error) {
    throw new SignatureError(sentence, { cause: error });
  }
  return key;
}
