/**
 * The API server of the embedded mode: callers are known by certificates of its own CA and by tokens, and the native
 * kinds of the local plane are served beside our own.
 */
import type { KeyObject } from 'node:crypto';
import { createCoreServer, type ApiServer, type CoreOptions } from './core-server.ts';
import type { EmbeddedIdentity } from './embedded-identity.ts';
import { createAuthenticator, type TokenAuthenticator } from './http/authentication/authenticator.ts';
import { createClientCertificates } from './http/authentication/client-certificates.ts';
import { createServiceAccounts } from './http/authentication/service-accounts.ts';
import type { Tls } from './http/server-options.ts';

export type { ApiServer } from './core-server.ts';

export interface ApiServerOptions extends Omit<CoreOptions, 'tls' | 'authenticator' | 'host'> {
  readonly identity: EmbeddedIdentity;
  /** Verifies the tokens of our own components. */
  readonly componentKey: KeyObject;
  /** Beside component tokens: static tokens, OIDC. */
  readonly tokens: readonly TokenAuthenticator[];
}

export interface EmbeddedApiServer extends ApiServer {
  /** New connections get the renewed certificate. */
  renew(identity: EmbeddedIdentity): void;
}

export function createApiServer(options: ApiServerOptions): EmbeddedApiServer {
  const { identity, componentKey, tokens, clock, log } = options;
  const certificates = createClientCertificates({ authorities: identity.ca, clock });
  const authenticator = createAuthenticator({
    certificates,
    tokens: [createServiceAccounts({ publicKey: componentKey, clock }), ...tokens],
    clock,
    log,
  });
  const core = createCoreServer({ ...options, tls: tlsOf(identity), authenticator });
  return {
    registry: core.registry,
    http: core.http,
    start: (port, host) => core.start(port, host),
    close: (drainMs) => core.close(drainMs),
    renew: (renewed) => {
      certificates.setAuthorities(renewed.ca);
      core.http.setTls(tlsOf(renewed));
    },
  };
}

const tlsOf = ({ ca, serving }: EmbeddedIdentity): Tls => ({ ...serving, clientCa: ca });
