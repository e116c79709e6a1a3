/**
 * Bearer tokens of an OpenID Connect issuer, verified offline against its published keys.
 * source: kubernetes.io "Authenticating", OpenID Connect Tokens
 */
import { createRemoteJWKSet, customFetch, jwtVerify, type JWTPayload } from 'jose';
import { Agent, request as httpsRequest } from 'node:https';
import type { UserInfo } from '../../api/identity.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { TokenAuthenticator } from './authenticator.ts';
import { unverifiedIssuer } from './service-accounts.ts';

export interface OidcOptions {
  /** Exactly as in the `iss` claim; https only. */
  readonly issuer: string;
  /** One of them must be in `aud`. */
  readonly audiences: readonly string[];
  /** Default: from the issuer's discovery document. */
  readonly jwksUri?: string;
  /** Default `sub`. */
  readonly usernameClaim?: string;
  /** Default `<issuer>#`, or none for the claim `email`; `-` means none. */
  readonly usernamePrefix?: string;
  /** Default none: no groups are taken. */
  readonly groupsClaim?: string;
  /** Default none. */
  readonly groupsPrefix?: string;
  /** Default 10. */
  readonly clockSkewSeconds?: number;
  /** Default RS256, ES256 and EdDSA families. */
  readonly algorithms?: readonly string[];
  /** PEM of the CA behind the issuer; default the system's. */
  readonly ca?: string;
}

const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const FETCH_TIMEOUT_MS = 5_000;
const RETRY_AFTER_MS = 10_000;
const MAX_DOCUMENT_BYTES = 1_048_576;
const MAX_GROUPS = 1_000;

/** Constructs only; keys are fetched with the first token. Throws for an issuer that is not https. */
export function createOidc(options: OidcOptions, clock: Clock): TokenAuthenticator {
  if (!options.issuer.startsWith('https://')) throw new Error(`OIDC issuer ${options.issuer} must be https`);
  const fetchJson = jsonFetcher(options.ca);
  let keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;
  let retryMs = 0;
  const load = async (): Promise<ReturnType<typeof createRemoteJWKSet>> => {
    const uri = options.jwksUri ?? (await discover(options.issuer, fetchJson));
    return createRemoteJWKSet(new URL(uri), {
      timeoutDuration: FETCH_TIMEOUT_MS,
      [customFetch]: async (url) => Response.json(await fetchJson(url)),
    });
  };
  return {
    name: 'oidc',
    authenticate: async (token) => {
      if (unverifiedIssuer(token) !== options.issuer) return undefined;
      // A failed discovery is tried again, but not for every guess of an anonymous caller.
      if (keys === undefined && clock.now() < retryMs)
        throw new Error('the issuer could not be reached lately');
      keys ??= load();
      const jwks = await keys.catch((error: unknown) => {
        keys = undefined;
        retryMs = clock.now() + RETRY_AFTER_MS;
        throw error;
      });
      const { payload } = await jwtVerify(token, jwks, {
        issuer: options.issuer,
        audience: [...options.audiences],
        algorithms: [...(options.algorithms ?? ALGORITHMS)],
        requiredClaims: ['exp'],
        clockTolerance: options.clockSkewSeconds ?? 10,
        currentDate: new Date(clock.now()),
      });
      return { user: userFromClaims(payload, options), expiresMs: (payload.exp ?? 0) * 1000 };
    },
  };
}

/** Throws when the claims name nobody, or somebody who cannot come from outside. */
export function userFromClaims(payload: JWTPayload, options: OidcOptions): UserInfo {
  const claim = options.usernameClaim ?? 'sub';
  const value = Object.hasOwn(payload, claim) ? payload[claim] : undefined;
  if (typeof value !== 'string' || value === '') throw new Error(`the claim ${claim} is missing`);
  if (claim === 'email' && Object.hasOwn(payload, 'email_verified') && payload['email_verified'] !== true) {
    throw new Error('the e-mail address is not verified');
  }
  const name = prefixOf(claim, options) + value;
  if (isReserved(name, prefixOf(claim, options))) throw new Error(`the user name ${name} is reserved`);
  const groupsPrefix = options.groupsPrefix ?? '';
  const groups = groupsOf(payload, options.groupsClaim)
    .map((group) => groupsPrefix + group)
    .filter((group) => !isReserved(group, groupsPrefix));
  return { name, groups, extra: {} };
}

/**
 * Names of the system never come from an issuer. Ours (`polder:operators`) come only when the operator's own
 * prefix says so.
 */
function isReserved(name: string, prefix: string): boolean {
  return name.startsWith('system:') || (name.startsWith('polder:') && !prefix.startsWith('polder:'));
}

function prefixOf(claim: string, { usernamePrefix, issuer }: OidcOptions): string {
  if (usernamePrefix === '-') return '';
  return usernamePrefix ?? (claim === 'email' ? '' : `${issuer}#`);
}

function groupsOf(payload: JWTPayload, claim: string | undefined): readonly string[] {
  if (claim === undefined || !Object.hasOwn(payload, claim)) return [];
  const value = payload[claim];
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) || value.length > MAX_GROUPS || !value.every((one) => typeof one === 'string')) {
    throw new Error(`the claim ${claim} is not a list of at most ${MAX_GROUPS} strings`);
  }
  return value;
}

async function discover(issuer: string, fetchJson: (url: string) => Promise<unknown>): Promise<string> {
  const document = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const fields = typeof document === 'object' && document !== null ? document : {};
  // source: OpenID Connect Discovery 1.0, section 4.3: the issuer must be the one that was asked.
  if (!('issuer' in fields) || fields.issuer !== issuer)
    throw new Error(`${issuer} describes another issuer`);
  if (!('jwks_uri' in fields) || typeof fields.jwks_uri !== 'string')
    throw new Error(`${issuer} names no jwks_uri`);
  if (!fields.jwks_uri.startsWith('https://')) throw new Error(`the jwks_uri of ${issuer} must be https`);
  return fields.jwks_uri;
}

/** GET of one small JSON document; node:https because it can be given a CA of its own. */
function jsonFetcher(ca: string | undefined): (url: string) => Promise<unknown> {
  const agent = new Agent({ ...(ca === undefined ? {} : { ca }), keepAlive: false });
  return async (url) =>
    new Promise((resolve, reject) => {
      const request = httpsRequest(url, { agent, timeout: FETCH_TIMEOUT_MS }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_DOCUMENT_BYTES) request.destroy(new Error(`${url} answers more than 1 MiB`));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => {
          try {
            if (response.statusCode !== 200) throw new Error(`${url} answers ${response.statusCode}`);
            resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')));
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        });
      });
      request.on('timeout', () => request.destroy(new Error(`${url} does not answer`)));
      request.on('error', reject);
      request.end();
    });
}
