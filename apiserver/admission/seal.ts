/**
 * Sealing: values encrypted in memory for the data planes that may have them, before anything is stored. Nobody else
 * can open them, this server included. source: RFC 7516 (General JWE), resource model "Credential path".
 */
import { calculateJwkThumbprint, GeneralEncrypt, importJWK } from 'jose';
import type { PublicKey } from '../kinds/data-plane-status.ts';

/** The sealing key that the agent of one data plane registered. */
export interface SealingKey {
  readonly plane: string;
  readonly key: PublicKey;
}

/** What the ciphertext is for; the agent refuses it anywhere else. */
export interface SealedFor {
  /** Name of the tenant. */
  readonly tenant: string;
  readonly tenantUid: string;
  /** Name of the Credential. */
  readonly credential: string;
}

export interface Sealed {
  /** General JWE as JSON text, one recipient for each plane; the plaintext is the JSON object of the values. */
  readonly text: string;
  /** Thumbprints of the keys that open it, sorted. */
  readonly recipients: readonly string[];
}

const KEY_MANAGEMENT = 'ECDH-ES+A256KW';
const CONTENT = 'A256GCM';

/** RFC 7638 thumbprint of a key, which names it. */
export const thumbprintOf = async (key: PublicKey): Promise<string> =>
  await calculateJwkThumbprint({ ...key });

/** Thumbprints of the keys, sorted and without repetition. */
export async function thumbprintsOf(keys: readonly SealingKey[]): Promise<readonly string[]> {
  return [...new Set(await Promise.all(keys.map(async ({ key }) => await thumbprintOf(key))))].sort();
}

/** Throws when a key is unusable or there is none. */
export async function seal(
  values: Readonly<Record<string, string>>,
  sealedFor: SealedFor,
  keys: readonly SealingKey[],
): Promise<Sealed> {
  const encrypt = new GeneralEncrypt(new TextEncoder().encode(JSON.stringify(values))).setProtectedHeader({
    enc: CONTENT,
    ...sealedFor,
    key: Object.keys(values).sort().join(','),
  });
  const byThumbprint = new Map<string, PublicKey>();
  for (const { key } of keys) byThumbprint.set(await thumbprintOf(key), key);
  for (const [kid, key] of byThumbprint) {
    const imported = await importJWK({ ...key }, KEY_MANAGEMENT);
    encrypt.addRecipient(imported).setUnprotectedHeader({ alg: KEY_MANAGEMENT, kid });
  }
  return { text: JSON.stringify(await encrypt.encrypt()), recipients: [...byThumbprint.keys()].sort() };
}
