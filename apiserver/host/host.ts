/**
 * Everything the aggregated API server needs from the cluster it is part of, over one client: who is asking, what
 * they may do there, and which namespaces there are. Without an answer nobody gets in.
 */
import { ApiError } from '../api/errors.ts';
import type { Attributes } from '../api/identity.ts';
import type { JsonObject } from '../api/json.ts';
import type { NamespaceLabels } from '../admission/webhooks/match.ts';
import type { Client } from '../client/client.ts';
import { createInformer, type Informer } from '../client/informer.ts';
import type { HostCluster } from '../core-server.ts';
import { createAuthenticator, type Authenticator } from '../http/authentication/authenticator.ts';
import { createClientCertificates } from '../http/authentication/client-certificates.ts';
import { createFrontProxy } from '../http/authentication/front-proxy.ts';
import type { HealthCheck } from '../http/health.ts';
import { ResourceQuota } from '../kinds/native/resource-quota.ts';
import { createDelegatedAuthorizer } from '../policy/delegated.ts';
import type { AccessGate } from '../policy/policy.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { createAccessReviews } from './access-reviews.ts';
import type { AskDeps } from './ask.ts';
import { followAuthenticationConfig } from './authentication-config.ts';
import { createHostNamespaces } from './namespaces.ts';
import { createHostWebhooks } from './webhooks.ts';
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
/** Of a turn; the whole question may take 10 s. */
const MAX_WAIT_MS = 5_000;

export function createHost(deps: HostDeps): Host {
  const { client, clock, log, metrics } = deps;
  const proxy = createFrontProxy({ clock, log });
  const certificates = createClientCertificates({ authorities: '', clock });
  const config = followAuthenticationConfig({
    client,
    clock,
    log,
    use: ({ clientCa, proxy: wanted }) =>
      each(
        () => proxy.configure(wanted),
        () => certificates.setAuthorities(clientCa),
        () => deps.onCallers([clientCa, wanted?.authorities ?? ''].join('\n')),
      ),
  });
  const namespaces = createHostNamespaces({ client, clock, log });
  const quotas = createInformer(ResourceQuota, { client, clock, log });
  const namespaceLabels: NamespaceLabels = (name) => namespaces.labels(name);
  const webhooks = createHostWebhooks({ client, clock, log, namespaceLabels });
  const limit = createRateLimit({
    perSecond: REVIEWS_PER_SECOND,
    burst: REVIEWS_BURST,
    maxWaitMs: MAX_WAIT_MS,
    clock,
  });
  const askDeps = (what: 'authn' | 'authz'): AskDeps => ({
    clock,
    limit,
    count: reviewCounter(metrics, what),
  });
  const review = createAccessReviews({ ...askDeps('authz'), client, log });
  const tokens = [createTokenReviews({ ...askDeps('authn'), client })];
  return {
    cluster: {
      gate: whenSynced([namespaces, quotas], createDelegatedAuthorizer({ review, now: () => clock.now() })),
      namespaces,
      quotas: quotasOf(quotas),
      webhooks,
      feed: (feed) => namespaces.feed(feed),
    },
    authenticator: createAuthenticator({ proxy, certificates, tokens, clock, log }),
    health: [
      { name: 'host-authentication', probes: ['ready'], check: () => config.problem() },
      synced('host-namespaces', namespaces),
      synced('host-quotas', quotas),
      synced('host-webhooks', webhooks),
    ],
    start: () => {
      config.start();
      namespaces.start();
      quotas.start();
      webhooks.start();
    },
    close: async () => {
      await Promise.all([config.close(), namespaces.close(), quotas.close(), webhooks.close()]);
    },
  };
}

/** What cannot be done must not keep the rest from being done. Throws the first failure in the end. */
function each(...steps: readonly (() => void)[]): void {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

const reviewCounter = (metrics: Metrics, what: 'authn' | 'authz'): AskDeps['count'] =>
  metrics.counter({
    name: `apiserver_delegated_${what}_request_total`,
    help: 'Reviews that were asked of the host cluster, by outcome.',
    labels: ['code'],
  });

interface Copy {
  readonly hasSynced: boolean;
}

const quotasOf = (copy: Informer<ResourceQuota>): HostCluster['quotas'] => ({
  follow: (listener) =>
    void copy.onChange(({ type, object }) => {
      const { namespace = '', name } = object.metadata;
      listener(namespace, name, type === 'deleted' ? undefined : (object as unknown as JsonObject));
    }),
});

const synced = (name: string, copy: Copy): HealthCheck => ({
  name,
  probes: ['ready'],
  check: () => (copy.hasSynced ? undefined : 'the host cluster has not been read yet'),
});

/** Until it is known which namespace belongs to which tenant nothing about objects is decided, let alone allowed. */
function whenSynced(copies: readonly Copy[], gate: AccessGate): AccessGate {
  let areSynced = false;
  const known = (): boolean => (areSynced ||= copies.every(({ hasSynced }) => hasSynced));
  return {
    authorize: (user, attributes) => {
      if (attributes.is === 'resource' && !known()) throw notReady(attributes);
      return gate.authorize(user, attributes);
    },
  };
}

const notReady = ({ verb }: Attributes): ApiError =>
  new ApiError(
    'ServiceUnavailable',
    `cannot ${verb} yet: namespaces and quotas of the host cluster are not known`,
    {
      details: { retryAfterSeconds: 1 },
    },
  );
