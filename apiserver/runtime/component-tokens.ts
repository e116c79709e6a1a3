/**
 * Service-account tokens for our own components (controllers, agents): short-lived JWTs signed with a key that
 * never leaves this process. The API server verifies them with the public half.
 */
import { SignJWT } from 'jose';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';

export const TOKEN_ISSUER = 'polder';
export const TOKEN_AUDIENCE = 'polder';

export interface ComponentTokens {
  readonly publicKey: KeyObject;
  /** A token of `system:serviceaccount:<namespace>:<name>`, valid for one hour; cached until half of it is over. */
  mint(namespace: string, name: string): Promise<string>;
}

const LIFETIME_MS = 60 * 60_000;

export function createComponentTokens(now: () => number = Date.now): ComponentTokens {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const cache = new Map<string, { readonly token: string; readonly freshUntilMs: number }>();
  return {
    publicKey,
    mint: async (namespace, name) => {
      const subject = `system:serviceaccount:${namespace}:${name}`;
      const known = cache.get(subject);
      if (known !== undefined && now() < known.freshUntilMs) return known.token;
      const issuedMs = now();
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: 'Ed25519', typ: 'JWT' })
        .setIssuer(TOKEN_ISSUER)
        .setAudience(TOKEN_AUDIENCE)
        .setSubject(subject)
        .setIssuedAt(Math.floor(issuedMs / 1000))
        .setExpirationTime(Math.floor((issuedMs + LIFETIME_MS) / 1000))
        .sign(privateKey);
      cache.set(subject, { token, freshUntilMs: issuedMs + LIFETIME_MS / 2 });
      return token;
    },
  };
}
