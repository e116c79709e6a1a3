/** Tokens of our own components: JWTs `{iss: polder, sub: system:serviceaccount:<ns>:<name>, aud, exp}`. */
import { decodeJwt, jwtVerify } from 'jose';
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../runtime/clock.ts';
import { TOKEN_AUDIENCE, TOKEN_ISSUER } from '../../runtime/component-tokens.ts';
import type { TokenAuthenticator } from './authenticator.ts';

const SUBJECT = /^system:serviceaccount:([a-z0-9]([-a-z0-9.]*[a-z0-9])?):([a-z0-9]([-a-z0-9.]*[a-z0-9])?)$/;

export function createServiceAccounts(options: {
  readonly publicKey: KeyObject;
  readonly clock: Clock;
}): TokenAuthenticator {
  return {
    name: 'service accounts',
    authenticate: async (token) => {
      if (unverifiedIssuer(token) !== TOKEN_ISSUER) return undefined;
      const { payload } = await jwtVerify(token, options.publicKey, {
        issuer: TOKEN_ISSUER,
        audience: TOKEN_AUDIENCE,
        algorithms: ['ES256', 'EdDSA', 'Ed25519'],
        requiredClaims: ['exp', 'sub'],
        currentDate: new Date(options.clock.now()),
      });
      const match = SUBJECT.exec(payload.sub ?? '');
      if (match === null) throw new Error('the subject is no service account');
      const [, namespace = '', , name = ''] = match;
      return {
        user: {
          name: `system:serviceaccount:${namespace}:${name}`,
          groups: serviceAccountGroups(namespace),
          extra: {},
        },
        expiresMs: (payload.exp ?? 0) * 1000,
      };
    },
  };
}

export const serviceAccountGroups = (namespace: string): readonly string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
];

/** Chooses who is to verify the token; nothing is believed yet. Undefined: no JWT, or one without issuer. */
export function unverifiedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}
