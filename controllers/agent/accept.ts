/** Decides whether a received bundle or tombstone may become this plane's desired state. */
import { hashOf } from '../replica/frame.ts';
import { verifyClaims, type BundleClaims, type PublicJwk } from '../replica/signature.ts';

export type Acceptance =
  | { readonly is: 'accepted'; readonly claims: BundleClaims }
  /** Older than, or the same as, what is stored: ignored, yet acknowledged. */
  | { readonly is: 'known'; readonly claims: BundleClaims }
  /** Never stored; reported and counted. */
  | { readonly is: 'refused'; readonly reason: string; readonly claims: BundleClaims | undefined };

/** `stored` are the claims kept for the same uid. Promise P5: never back to an older (epoch, generation). */
export async function accept(
  envelope: { readonly jws: string; readonly gzipped: Buffer },
  plane: { readonly name: string; readonly epoch: number; readonly keys: ReadonlyMap<string, PublicJwk> },
  stored: (uid: string) => BundleClaims | undefined,
): Promise<Acceptance> {
  let claims: BundleClaims;
  try {
    claims = await verifyClaims(envelope.jws, plane.keys, ['bundle', 'tombstone']);
  } catch (error) {
    return { is: 'refused', reason: error instanceof Error ? error.message : 'signature', claims: undefined };
  }
  const refuse = (reason: string): Acceptance => ({ is: 'refused', reason, claims });
  if (claims.dp !== plane.name) return refuse('bundle is for another data plane');
  if (claims.epoch < plane.epoch) return refuse('bundle is of an older epoch');
  if (claims.typ === 'bundle' && hashOf(envelope.gzipped) !== claims.sha256) {
    return refuse('body does not match the signed hash');
  }
  if (!/^[0-9a-f-]{1,64}$/i.test(claims.uid)) return refuse('uid is malformed');
  if (claims.tenant === '') return refuse('bundle names no tenant');
  const known = stored(claims.uid);
  if (known !== undefined && !isNewer(claims, known)) return { is: 'known', claims };
  return { is: 'accepted', claims };
}

const isNewer = (claims: BundleClaims, known: BundleClaims): boolean =>
  claims.epoch > known.epoch || (claims.epoch === known.epoch && claims.gen > known.gen);
