/** Signs bundles, tombstones and heads; a bundle is signed once per generation and epoch, whoever asks for it. */
import type { KeyObject } from 'node:crypto';
import { publicJwkOf, signClaims, type HeadClaims, type PublicJwk } from '../replica/signature.ts';
import type { BundleEntry } from './bundle-log.ts';

export interface BundleSigner {
  readonly publicKeys: readonly PublicJwk[];
  sign(entry: BundleEntry, epoch: number): Promise<string>;
  signHead(
    dataPlane: string,
    head: Pick<HeadClaims, 'epoch' | 'headRV' | 'count' | 'digest'>,
    nowMs: number,
  ): Promise<string>;
}

/** `tenantUid` resolves a tenant's name. Agents take no bundle, but tombstones, of a tenant that is not known. */
export async function createSigner(
  key: KeyObject,
  tenantUid: (tenant: string) => string | undefined,
): Promise<BundleSigner> {
  const { jwk, kid } = await publicJwkOf(key);
  const signed = new WeakMap<BundleEntry, { readonly epoch: number; readonly jws: Promise<string> }>();
  const make = (entry: BundleEntry, epoch: number): Promise<string> =>
    signClaims(key, kid, {
      typ: entry.tombstone === undefined ? 'bundle' : 'tombstone',
      uid: entry.uid,
      tenant: tenantUid(entry.tenant) ?? '',
      ns: entry.targetNamespace,
      dp: entry.dataPlane,
      gen: entry.gen,
      rv: entry.rv,
      epoch,
      sha256: entry.sha256,
      mode: entry.tombstone === undefined ? 'apply' : entry.tombstone === 'Orphan' ? 'orphan' : 'delete',
    });
  return {
    publicKeys: [{ ...jwk, kid }],
    sign: (entry, epoch) => {
      const known = signed.get(entry);
      if (known?.epoch === epoch) return known.jws;
      const jws = make(entry, epoch);
      signed.set(entry, { epoch, jws });
      return jws;
    },
    signHead: (dataPlane, head, nowMs) =>
      signClaims(key, kid, { typ: 'head', dp: dataPlane, ...head, iat: Math.floor(nowMs / 1000) }),
  };
}
