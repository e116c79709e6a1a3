/**
 * Who may speak for a data plane: the holder of the key it registered. Looked up in the hub's own copy, and when
 * the proof does not fit that, once in the API: a registration of a moment ago may not have reached the copy yet.
 */
import type { Client } from '../../apiserver/client/client.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import type { Clock } from '../../apiserver/runtime/clock.ts';
import type { Up } from '../replica/messages.ts';
import { SignatureError, verifyClaims, type PublicJwk } from '../replica/signature.ts';

export interface PlaneIdentity {
  readonly name: string;
  readonly uid: string;
  /** Of the DataPlane this was read from: anything older does not contradict it. */
  readonly rv: number;
  readonly epoch: number;
  /** Thumbprint and public key the plane registered. */
  readonly kid: string;
  readonly key: PublicJwk;
  readonly clusterUID: string | undefined;
  readonly settings: PlaneSettings;
}
/** What a session is opened with; a change ends it, so that the next one has it. */
export interface PlaneSettings {
  readonly heartbeatSeconds: number;
  readonly usageSeconds: number;
  readonly reconcileSeconds: number;
  readonly paused: boolean;
}

export interface ProvenPlane {
  readonly plane: PlaneIdentity;
  /** Epoch the agent was registered in, by its own signed word. */
  readonly agentEpoch: number;
}

export function identityOf(plane: DataPlane | undefined): PlaneIdentity | undefined {
  const key = plane?.status?.publicKeys?.sign;
  if (plane === undefined || key?.kid === undefined) return undefined;
  return {
    name: plane.metadata.name,
    uid: plane.metadata.uid,
    rv: Number(plane.metadata.resourceVersion),
    epoch: plane.status?.epoch ?? 1,
    kid: key.kid,
    key: key as PublicJwk,
    clusterUID: plane.status?.clusterUID,
    settings: { ...plane.spec.intervals, paused: plane.spec.paused },
  };
}

export const isSameIdentity = (a: PlaneIdentity, b: PlaneIdentity): boolean =>
  a.uid === b.uid && a.kid === b.kid && a.epoch === b.epoch;

export const isSameSettings = (a: PlaneSettings, b: PlaneSettings): boolean =>
  a.heartbeatSeconds === b.heartbeatSeconds &&
  a.usageSeconds === b.usageSeconds &&
  a.reconcileSeconds === b.reconcileSeconds &&
  a.paused === b.paused;

/** Strangers must not be able to make us read the API as often as they like. */
const MAX_LIVE_READS = 20;
const LIVE_READS_WINDOW_MS = 1_000;
/** source: RFC 1123 subdomain, as names of cluster-scoped objects. */
const NAME = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/;

export type Prove = (name: string, nonce: string, hello: Up<'HELLO'>) => Promise<ProvenPlane>;

/** The returned function throws `SignatureError` unless the HELLO proves that it comes from this plane, now. */
export function createProver(deps: {
  readonly client: Client;
  readonly clock: Clock;
  readonly cached: (name: string) => DataPlane | undefined;
}): Prove {
  let windowStartMs = 0;
  let reads = 0;
  const mayRead = (): boolean => {
    const nowMs = deps.clock.now();
    if (nowMs - windowStartMs >= LIVE_READS_WINDOW_MS) {
      windowStartMs = nowMs;
      reads = 0;
    }
    reads += 1;
    return reads <= MAX_LIVE_READS;
  };
  const verify = async (
    plane: PlaneIdentity | undefined,
    nonce: string,
    hello: Up<'HELLO'>,
  ): Promise<ProvenPlane> => {
    // The same answer for unknown, unregistered and revoked: no detail for strangers.
    if (plane === undefined) throw new SignatureError('unauthorized');
    const proof = await verifyClaims(hello.proof, new Map([[plane.kid, plane.key]]), ['proof']);
    if (proof.nonce !== nonce || proof.dp !== plane.name || proof.instanceId !== hello.instanceId) {
      throw new SignatureError('the proof is for another session');
    }
    return { plane, agentEpoch: proof.epoch };
  };
  return async (name, nonce, hello) => {
    try {
      return await verify(identityOf(deps.cached(name)), nonce, hello);
    } catch (error) {
      if (!(error instanceof SignatureError) || !NAME.test(name) || !mayRead()) throw error;
    }
    return verify(identityOf(await deps.client.find(DataPlane, { name })), nonce, hello);
  };
}
