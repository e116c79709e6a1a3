/**
 * Who is asking: front proxy, client certificate, then bearer token, in the order of Kubernetes. No credential is
 * not an error here; a bad one is. Without a cluster around us there is no front proxy, and its headers are not read.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiError } from '../../api/errors.ts';
import { ANONYMOUS, type UserInfo } from '../../api/identity.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';

/** Nobody could say whether a token is good: the caller is refused, and the next request asks again. */
export class TokenUnknownError extends Error {
  override readonly name = 'TokenUnknownError';
}

/**
 * Knows one kind of token.
 *
 * | token                     | outcome                          |
 * | ------------------------- | -------------------------------- |
 * | good                      | the user, and until when         |
 * | of another kind           | undefined: ask the next one      |
 * | of this kind, but not good| throws; `message` is logged only |
 * | nobody can say now        | throws `TokenUnknownError`       |
 */
export interface TokenAuthenticator {
  readonly name: string;
  authenticate(token: string): Promise<TokenIdentity | undefined> | TokenIdentity | undefined;
}
export interface TokenIdentity {
  readonly user: UserInfo;
  /** Milliseconds since the epoch; undefined: does not expire. */
  readonly expiresMs?: number;
}

/** Knows certificates. Undefined: none was presented. Throws for one that is not good. */
export interface CertificateAuthenticator {
  authenticate(socket: IncomingMessage['socket']): UserInfo | undefined;
}

/** Undefined: no credentials. Throws `ApiError` Unauthorized for bad ones. */
export interface Authenticator {
  authenticate(request: IncomingMessage): UserInfo | undefined | Promise<UserInfo | undefined>;
}

export interface AuthenticatorDeps {
  /** Reads the headers of the cluster's front proxy, and takes them away whoever sent them. */
  readonly proxy?: { authenticate(request: IncomingMessage): UserInfo | undefined };
  readonly certificates?: CertificateAuthenticator;
  readonly tokens: readonly TokenAuthenticator[];
  readonly clock: Clock;
  readonly log: Log;
}

const AUTHENTICATED = 'system:authenticated';
const UNAUTHENTICATED = 'system:unauthenticated';
/** source: Kubernetes' own token cache; a revoked token works at most this long. */
const TOKEN_TTL_MS = 10_000;
const TOKEN_CACHE_SIZE = 4096;
const MAX_TOKEN_LENGTH = 16_384;

export const unauthorized = (): ApiError => new ApiError('Unauthorized', 'Unauthorized');

type Cached = { readonly user: UserInfo | undefined; readonly untilMs: number };

export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const { clock, log } = deps;
  const cache = new Map<string, Cached>();
  /** A burst with one new token asks once. */
  const asking = new Map<string, Promise<UserInfo>>();

  const remember = (key: string, user: UserInfo | undefined, expiresMs: number): UserInfo | undefined => {
    if (cache.size >= TOKEN_CACHE_SIZE) cache.delete(cache.keys().next().value ?? '');
    cache.set(key, { user, untilMs: Math.min(clock.now() + TOKEN_TTL_MS, expiresMs) });
    return user;
  };

  const verify = async (token: string, key: string): Promise<UserInfo> => {
    for (const authenticator of deps.tokens) {
      let identity: TokenIdentity | undefined;
      try {
        identity = await authenticator.authenticate(token);
      } catch (error) {
        if (error instanceof TokenUnknownError) {
          log.error('a token could not be verified', { by: authenticator.name, why: describe(error) });
          throw unauthorized();
        }
        log.debug('token refused', { by: authenticator.name, why: describe(error) });
        break;
      }
      if (identity === undefined) continue;
      const user = withAuthenticated(identity.user);
      remember(key, user, identity.expiresMs ?? Number.POSITIVE_INFINITY);
      return user;
    }
    remember(key, undefined, Number.POSITIVE_INFINITY);
    throw unauthorized();
  };

  const verifyOnce = (token: string, key: string): Promise<UserInfo> => {
    let answer = asking.get(key);
    if (answer === undefined) {
      answer = verify(token, key).finally(() => asking.delete(key));
      asking.set(key, answer);
    }
    return answer;
  };

  const byToken = (token: string): UserInfo | Promise<UserInfo> => {
    if (token.length > MAX_TOKEN_LENGTH) throw unauthorized();
    // The cache never holds a token itself, and a look-up by hash takes the same time for every guess.
    const key = createHash('sha256').update(token).digest('base64');
    const known = cache.get(key);
    if (known === undefined || known.untilMs <= clock.now()) return verifyOnce(token, key);
    if (known.user === undefined) throw unauthorized();
    return known.user;
  };

  return {
    authenticate: (request) => {
      const proxied = deps.proxy?.authenticate(request);
      if (proxied !== undefined) return proxied;
      const certificate = certificateUser(deps, request);
      if (certificate.user !== undefined) return certificate.user;
      const token = bearerToken(request);
      if (token !== undefined) return byToken(token);
      if (certificate.bad) throw unauthorized();
      return undefined;
    },
  };
}

/** A bad certificate only counts when no token is there to speak for the caller. */
function certificateUser(
  { certificates, log }: AuthenticatorDeps,
  request: IncomingMessage,
): { readonly user: UserInfo | undefined; readonly bad: boolean } {
  if (certificates === undefined) return NO_CERTIFICATE;
  try {
    const user = certificates.authenticate(request.socket);
    return user === undefined ? NO_CERTIFICATE : { user, bad: false };
  } catch (error) {
    log.debug('client certificate refused', { why: describe(error) });
    return { user: undefined, bad: true };
  }
}
const NO_CERTIFICATE = { user: undefined, bad: false } as const;

/** Every authenticated user is in `system:authenticated`, whatever its credential says. */
export function withAuthenticated(user: UserInfo): UserInfo {
  if (user.groups.includes(AUTHENTICATED) || user.groups.includes(UNAUTHENTICATED)) return user;
  // A proxy passes on that nobody authenticated.
  if (user.name === ANONYMOUS.name) return user;
  return { ...user, groups: [...user.groups, AUTHENTICATED] };
}

/** source: kubernetes/apiserver pkg/authentication/request/websocket/protocol.go */
const WEBSOCKET_PREFIX = 'base64url.bearer.authorization.k8s.io.';

/** From `Authorization`, or for browsers' WebSockets, which cannot set it, from the subprotocol. */
function bearerToken(request: IncomingMessage): string | undefined {
  const header = request.headers.authorization;
  if (header !== undefined && header !== '') {
    const match = /^bearer +(\S+) *$/i.exec(header);
    // Another scheme (Basic, Negotiate) is a credential we cannot accept, not the absence of one.
    if (match?.[1] === undefined) throw unauthorized();
    return match[1];
  }
  const protocols = request.headers['sec-websocket-protocol'];
  if (protocols === undefined) return undefined;
  const bearer = protocols
    .split(',')
    .map((one) => one.trim())
    .find((one) => one.startsWith(WEBSOCKET_PREFIX));
  if (bearer === undefined) return undefined;
  const token = Buffer.from(bearer.slice(WEBSOCKET_PREFIX.length), 'base64url').toString('utf8');
  if (token === '') throw unauthorized();
  return token;
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));
