/** Flags for bearer tokens from outside, under the names kube-apiserver has for them, and what is made of them. */
import { readFileSync } from 'node:fs';
import type { TokenAuthenticator } from './http/authentication/authenticator.ts';
import { createOidc } from './http/authentication/oidc.ts';
import { createStaticTokens } from './http/authentication/static-tokens.ts';
import type { Clock } from './runtime/clock.ts';
import { UsageError, type Flags, type Values } from './runtime/flags.ts';

export const TOKEN_FLAGS: Flags = {
  'token-auth-file': { help: 'CSV file of bearer tokens: token,user,uid,"group1,group2".' },
  'oidc-issuer-url': { help: 'Issuer whose ID tokens are accepted; https only.' },
  'oidc-client-id': { help: 'Audience that must stand in the token; may be repeated.', multiple: true },
  'oidc-username-claim': { help: 'Claim that names the user.', default: 'sub' },
  'oidc-username-prefix': { help: 'Put in front of user names; - for none. Default: the issuer and #.' },
  'oidc-groups-claim': { help: 'Claim that holds the groups; without it no groups are taken.' },
  'oidc-groups-prefix': { help: 'Put in front of group names.' },
  'oidc-ca-file': { help: 'PEM of the CA behind the issuer; default: those of the system.' },
  'oidc-jwks-url': { help: 'Keys of the issuer; default: from its discovery document.' },
};

/** Throws `UsageError` for a file that cannot be read and for OIDC flags that do not fit together. */
export function tokenAuthenticators(values: Values, clock: Clock): readonly TokenAuthenticator[] {
  const one = (flag: string): string | undefined => values[flag]?.[0];
  const file = one('token-auth-file');
  const issuer = one('oidc-issuer-url');
  const audiences = values['oidc-client-id'] ?? [];
  if (issuer === undefined && audiences.length > 0)
    throw new UsageError('--oidc-client-id needs --oidc-issuer-url');
  return [
    ...(file === undefined ? [] : [staticTokens(file)]),
    ...(issuer === undefined ? [] : [oidc(issuer, audiences, one, clock)]),
  ];
}

function staticTokens(file: string): TokenAuthenticator {
  const content = readText('--token-auth-file', file);
  try {
    return createStaticTokens(content);
  } catch (error) {
    throw new UsageError(`--token-auth-file ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function oidc(
  issuer: string,
  audiences: readonly string[],
  one: (flag: string) => string | undefined,
  clock: Clock,
): TokenAuthenticator {
  if (audiences.length === 0) throw new UsageError('--oidc-issuer-url needs --oidc-client-id');
  const given = {
    jwksUri: one('oidc-jwks-url'),
    usernameClaim: one('oidc-username-claim'),
    usernamePrefix: one('oidc-username-prefix'),
    groupsClaim: one('oidc-groups-claim'),
    groupsPrefix: one('oidc-groups-prefix'),
    ca: one('oidc-ca-file') === undefined ? undefined : readText('--oidc-ca-file', one('oidc-ca-file') ?? ''),
  };
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  try {
    return createOidc({ issuer, audiences, ...options }, clock);
  } catch (error) {
    throw new UsageError(`--oidc-issuer-url: ${messageOf(error)}`, { cause: error });
  }
}

function readText(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${flag} ${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
