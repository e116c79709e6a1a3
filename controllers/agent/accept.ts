/** Decides whether a received bundle or tombstone may become this plane's desired state. */
import { decodeBody, hashOf } from '../replica/frame.ts';
import { verifyClaims, type BundleClaims, type PublicJwk } from '../replica/signature.ts';
import { planeObjects } from './plane-objects.ts';

export type Acceptance =
  | { readonly is: 'accepted'; readonly claims: BundleClaims }
  /** Older than, or the same as, what is stored: ignored, yet acknowledged. */
  | { readonly is: 'known'; readonly claims: BundleClaims }
  /** Never stored; reported and counted. Without claims the signature did not hold. */
  | { readonly is: 'refused'; readonly reason: string; readonly claims: BundleClaims | undefined };

export interface Envelope {
  readonly jws: string;
  /** Empty for a tombstone. */
  readonly gzipped: Buffer;
}
export interface TrustedPlane {
  readonly name: string;
  readonly epoch: number;
  readonly keys: ReadonlyMap<string, PublicJwk>;
}

/** `stored` are the claims kept for the same uid. Promise P5: never back to an older (epoch, generation). */
export async function accept(
  envelope: Envelope,
  plane: TrustedPlane,
  stored: (uid: string) => BundleClaims | undefined,
): Promise<Acceptance> {
  const verdict = await verify(envelope, plane);
  if (verdict.is === 'refused') return verdict;
  const { claims } = verdict;
  if (claims.epoch < plane.epoch) return { is: 'refused', reason: 'bundle is of an older epoch', claims };
  const known = stored(claims.uid);
  if (known !== undefined && !isNewer(claims, known)) return { is: 'known', claims };
  // The last good generation stays in force when this one can never be applied.
  const flaw = claims.typ === 'bundle' ? contentFlaw(envelope.gzipped, claims) : undefined;
  return flaw === undefined ? { is: 'accepted', claims } : { is: 'refused', reason: flaw, claims };
}

/** Whether the control plane has signed this for this plane; its place in the order of things does not matter. */
export async function verify(envelope: Envelope, plane: Omit<TrustedPlane, 'epoch'>): Promise<Acceptance> {
  let claims: BundleClaims;
  try {
    claims = await verifyClaims(envelope.jws, plane.keys, ['bundle', 'tombstone']);
  } catch (error) {
    return { is: 'refused', reason: error instanceof Error ? error.message : 'signature', claims: undefined };
  }
  const reason = flawOf(envelope, claims, plane.name);
  return reason === undefined ? { is: 'accepted', claims } : { is: 'refused', reason, claims };
}

function flawOf(envelope: Envelope, claims: BundleClaims, name: string): string | undefined {
  if (claims.dp !== name) return 'bundle is for another data plane';
  if (claims.typ === 'bundle' && hashOf(envelope.gzipped) !== claims.sha256) {
    return 'body does not match the signed hash';
  }
  if (!/^[0-9a-f-]{1,64}$/i.test(claims.uid)) return 'uid is malformed';
  if (claims.typ === 'bundle' && claims.tenant === '') return 'bundle names no tenant';
  return undefined;
}

function contentFlaw(gzipped: Buffer, claims: BundleClaims): string | undefined {
  try {
    planeObjects(decodeBody(gzipped).manifests, claims);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 512) : 'content';
  }
}

/**
 * A higher epoch, or a higher generation, or the same generation rendered anew by a hub that renders differently,
 * not older. A tombstone is final: generations of one uid end with it.
 */
function isNewer(claims: BundleClaims, known: BundleClaims): boolean {
  if (claims.epoch !== known.epoch) return claims.epoch > known.epoch;
  if (claims.typ !== known.typ) return claims.typ === 'tombstone';
  if (claims.gen !== known.gen) return claims.gen > known.gen;
  return claims.sha256 !== known.sha256 && claims.rv >= known.rv;
}
