/**
 * Service-account tokens for our own components (controllers, agents): short-lived JWTs signed with a key that
 * never leaves this process. The API server verifies them with the public half.
 */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export const TOKEN_ISSUER = 'polder';
export const TOKEN_AUDIENCE = 'polder';

export interface ComponentTokens {
  readonly publicKey: KeyObject;
  /** A token of `system:serviceaccount:<namespace>:<name>`, valid for one hour; cached until half of it is over. */
  mint(namespace: string, name: string): string;
}

const LIFETIME_MS = 60 * 60_000;

export function createComponentTokens(now: () => number = Date.now): ComponentTokens {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const cache = new Map<string, { readonly token: string; readonly freshUntilMs: number }>();
  return {
    publicKey,
    mint: (namespace, name) => {
      const subject = `system:serviceaccount:${namespace}:${name}`;
      const known = cache.get(subject);
      if (known !== undefined && now() < known.freshUntilMs) return known.token;
      const issuedMs = now();
      const token = signJwt(privateKey, {
        iss: TOKEN_ISSUER,
        aud: TOKEN_AUDIENCE,
        sub: subject,
        iat: Math.floor(issuedMs / 1000),
        exp: Math.floor((issuedMs + LIFETIME_MS) / 1000),
      });
      cache.set(subject, { token, freshUntilMs: issuedMs + LIFETIME_MS / 2 });
      return token;
    },
  };
}

/** Compact JWS, RFC 7515. Synchronous, unlike jose, so that every request can ask for the current token. */
function signJwt(key: KeyObject, claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${part({ alg: 'Ed25519', typ: 'JWT' })}.${part(claims)}`;
  return `${content}.${sign(null, Buffer.from(content), key).toString('base64url')}`;
}
