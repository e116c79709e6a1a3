/**
 * Everything the aggregated API server needs from the cluster it is part of, over one client: who is asking, what
 * they may do there, and which namespaces there are. Without an answer nobody gets in.
 */
import { ApiError } from '../api/errors.ts';
import type { Attributes } from '../api/identity.ts';
import type { Client } from '../client/client.ts';
import type { HostCluster } from '../core-server.ts';
import { createAuthenticator, type Authenticator } from '../http/authentication/authenticator.ts';
import { createClientCertificates } from '../http/authentication/client-certificates.ts';
import { createFrontProxy } from '../http/authentication/front-proxy.ts';
import type { HealthCheck } from '../http/health.ts';
import { createDelegatedAuthorizer } from '../policy/delegated.ts';
import type { AccessGate } from '../policy/policy.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { createAccessReviews } from './access-reviews.ts';
import type { AskDeps } from './ask.ts';
import { followAuthenticationConfig } from './authentication-config.ts';
import { createHostNamespaces, type HostNamespaces } from './namespaces.ts';
import { createRateLimit } from './rate-limit.ts';
import { createTokenReviews } from './token-reviews.ts';

export interface HostDeps {
  /** Reaches the host's API server with the rights of system:auth-delegator. */
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Told the CAs that callers may present a certificate of, whenever they change; PEM. */
  readonly onCallers: (authorities: string) => void;
}

export interface Host {
  readonly cluster: HostCluster;
  readonly authenticator: Authenticator;
  readonly health: readonly HealthCheck[];
  /** Returns at once: what cannot be read yet is tried again, and readiness says so meanwhile. */
  start(): void;
  close(): Promise<void>;
}

/** source: the library's client for reviews. */
const REVIEWS_PER_SECOND = 200;
const REVIEWS_BURST = 400;

export function createHost(deps: HostDeps): Host {
  const { client, clock, log, metrics } = deps;
  const proxy = createFrontProxy({ clock, log });
  const certificates = createClientCertificates({ authorities: '', clock });
  const config = followAuthenticationConfig({
    client,
    clock,
    log,
    use: ({ clientCa, proxy: wanted }) => {
      certificates.setAuthorities(clientCa);
      proxy.configure(wanted);
      deps.onCallers([clientCa, wanted?.authorities ?? ''].join('\n'));
    },
  });
  const namespaces = createHostNamespaces({ client, clock, log });
  const limit = createRateLimit({ perSecond: REVIEWS_PER_SECOND, burst: REVIEWS_BURST, clock });
  const askDeps = (what: 'authn' | 'authz'): AskDeps => ({
    clock,
    limit,
    count: reviewCounter(metrics, what),
  });
  const review = createAccessReviews({ ...askDeps('authz'), client, log });
  const tokens = [createTokenReviews({ ...askDeps('authn'), client })];
  return {
    cluster: {
      gate: whenSynced(namespaces, createDelegatedAuthorizer({ review, now: () => clock.now() })),
      namespaces,
      feed: (feed) => namespaces.feed(feed),
    },
    authenticator: createAuthenticator({ proxy, certificates, tokens, clock, log }),
    health: [
      { name: 'host-authentication', probes: ['ready'], check: () => config.problem() },
      {
        name: 'host-namespaces',
        probes: ['ready'],
        check: () => (namespaces.hasSynced ? undefined : 'the namespaces of the host have not been read yet'),
      },
    ],
    start: () => {
      config.start();
      namespaces.start();
    },
    close: async () => {
      await Promise.all([config.close(), namespaces.close()]);
    },
  };
}

const reviewCounter = (metrics: Metrics, what: 'authn' | 'authz'): AskDeps['count'] =>
  metrics.counter({
    name: `apiserver_delegated_${what}_request_total`,
    help: 'Reviews that were asked of the host cluster, by outcome.',
    labels: ['code'],
  });

/** Until it is known which namespace belongs to which tenant nothing about objects is decided, let alone allowed. */
function whenSynced(namespaces: HostNamespaces, gate: AccessGate): AccessGate {
  return {
    authorize: (user, attributes) => {
      if (attributes.is === 'resource' && !namespaces.hasSynced) throw notReady(attributes);
      return gate.authorize(user, attributes);
    },
  };
}

const notReady = ({ verb }: Attributes): ApiError =>
  new ApiError('ServiceUnavailable', `cannot ${verb} yet: the namespaces of the host cluster are not known`, {
    details: { retryAfterSeconds: 1 },
  });
