/**
 * The agent's identity: an Ed25519 key that proves sessions, a P-256 key that credentials are sealed to, and what
 * the registration answered. Made on the plane, kept on the plane; private keys never leave it.
 */
import { exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { createPrivateKey, randomUUID, type KeyObject } from 'node:crypto';
import { isObject } from '../../apiserver/api/json.ts';
import { publicJwkOf, signClaims, type ProofClaims, type PublicJwk } from '../replica/signature.ts';
import type { StateFiles } from './state-files.ts';

export interface AgentKeys {
  /** Stable over restarts of this agent; a copy of the plane elsewhere has another one only if it is a fresh install. */
  readonly instanceId: string;
  readonly sign: KeyObject;
  readonly signPublic: PublicJwk;
  readonly sealPrivate: JWK;
  readonly sealPublic: PublicJwk;
}
export interface Registration {
  readonly dataPlane: string;
  readonly dataPlaneID: string;
  readonly epoch: number;
  readonly hubKeys: readonly PublicJwk[];
}

const KEYS = 'keys.json';
const REGISTRATION = 'registration.json';

/** Loads the keys or makes them on first use. */
export async function loadKeys(files: StateFiles): Promise<AgentKeys> {
  const stored = files.read(KEYS);
  if (stored !== undefined) return revive(parse(KEYS, stored));
  const sign = await generateKeyPair('Ed25519', { extractable: true });
  const seal = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true });
  const document = {
    instanceId: randomUUID(),
    sign: await exportJWK(sign.privateKey),
    seal: await exportJWK(seal.privateKey),
  };
  await files.write(KEYS, Buffer.from(JSON.stringify(document)));
  return revive(document);
}

const damaged = (file: string, cause?: unknown): Error =>
  new Error(`${file} of the agent is damaged; remove it and register again with a new token`, { cause });

function parse(file: string, stored: Buffer): unknown {
  try {
    return JSON.parse(stored.toString('utf8'));
  } catch (error) {
    throw damaged(file, error);
  }
}

async function revive(document: unknown): Promise<AgentKeys> {
  const { instanceId, sign, seal } = isObject(document) ? document : {};
  if (typeof instanceId !== 'string' || !isObject(sign) || !isObject(seal)) {
    throw damaged(KEYS);
  }
  const key = createPrivateKey({ key: sign, format: 'jwk' });
  const { jwk } = await publicJwkOf(key);
  const { d: _private, ...sealPublic } = seal;
  return {
    instanceId,
    sign: key,
    signPublic: jwk,
    sealPrivate: seal as JWK,
    sealPublic: sealPublic as PublicJwk,
  };
}

export function loadRegistration(files: StateFiles): Registration | undefined {
  const stored = files.read(REGISTRATION);
  return stored === undefined ? undefined : (parse(REGISTRATION, stored) as Registration);
}
export async function saveRegistration(files: StateFiles, registration: Registration): Promise<void> {
  await files.write(REGISTRATION, Buffer.from(JSON.stringify(registration)));
}

/** The session proof for one nonce of the hub. */
export async function proveSession(keys: AgentKeys, claims: Omit<ProofClaims, 'typ'>): Promise<string> {
  const { kid } = await publicJwkOf(keys.sign);
  return signClaims(keys.sign, kid, { typ: 'proof', ...claims });
}

/** Checks that the pinned key set of a registration is usable before it is relied on; throws on a broken key. */
export async function pinnedKeys(registration: Registration): Promise<ReadonlyMap<string, PublicJwk>> {
  const keys = new Map<string, PublicJwk>();
  for (const key of registration.hubKeys) {
    await importJWK(key, 'Ed25519');
    if (key.kid !== undefined) keys.set(key.kid, key);
  }
  return keys;
}
