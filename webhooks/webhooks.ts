/** Puts the webhook process together: state from the cluster, the admitter over it, the server in front. */
import type { Client } from '../apiserver/client/client.ts';
import type { KeyPair } from '../apiserver/runtime/certificates.ts';
import type { Clock } from '../apiserver/runtime/clock.ts';
import { createHealth } from '../apiserver/runtime/health.ts';
import type { Log } from '../apiserver/runtime/log.ts';
import type { Metrics } from '../apiserver/runtime/metrics.ts';
import { createAdmitter } from './admit.ts';
import { createReviewPaths, type ReviewPaths } from './review-paths.ts';
import { createWebhookServer, type WebhookLimits, type WebhookServer } from './server.ts';
import { createState, type State } from './state.ts';

/** Where the serving certificate comes from, and its successors. */
export interface ServingSource {
  first(): Promise<KeyPair>;
  start(onChange: (pair: KeyPair) => void): void;
  close(): Promise<void>;
}

export interface WebhooksOptions {
  /** Of the cluster whose API server asks; not closed here. */
  readonly client: Pick<Client, 'list' | 'watch'>;
  /** Where Polder itself lives. */
  readonly namespace: string;
  readonly serving: ServingSource;
  /** 0 takes any free one. */
  readonly port: number;
  readonly address: string;
  /** PEM; see `WebhookServerDeps`. */
  readonly clientCa?: string;
  readonly limits?: Partial<WebhookLimits>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Webhooks {
  /** Resolves when it listens; questions are refused until the state is complete, and readyz says so. */
  start(): Promise<{ readonly port: number }>;
  /** Drains for at most 5 s. */
  close(): Promise<void>;
}

const DRAIN_MS = 5_000;

export function createWebhooks(options: WebhooksOptions): Webhooks {
  const { client, namespace, serving, clock, log, metrics, clientCa, limits } = options;
  const state = createState({ client, clock, log });
  const paths = createReviewPaths({ client, namespace, clock, log });
  let isClosing = false;
  const server = createWebhookServer({
    admitter: createAdmitter({
      engine: state.engine,
      lookup: state.lookup,
      loading: () => state.loading(),
      outdated: () => state.outdated(),
      elapsed: () => performance.now(),
      log,
    }),
    paths,
    health: healthOf({ state, paths }, () => isClosing, log),
    metrics,
    clock,
    log,
    ...(clientCa === undefined ? {} : { clientCa }),
    ...(limits === undefined ? {} : { limits }),
  });
  return {
    start: async () => {
      paths.start();
      state.start();
      return startServer(server, options);
    },
    close: async () => {
      isClosing = true;
      await serving.close();
      await server.close(DRAIN_MS);
      await Promise.all([state.close(), paths.close()]);
    },
  };
}

async function startServer(
  server: WebhookServer,
  { serving, port, address, log }: WebhooksOptions,
): Promise<{ readonly port: number }> {
  const started = await server.start(await serving.first(), port, address);
  serving.start((pair) => {
    server.setCertificate(pair);
    log.info('serving certificate replaced', {});
  });
  return started;
}

const healthOf = (
  { state, paths }: { readonly state: State; readonly paths: ReviewPaths },
  isClosing: () => boolean,
  log: Log,
): ReturnType<typeof createHealth> =>
  createHealth(
    [
      { name: 'state', probes: ['ready'], check: () => state.loading() ?? state.outdated() },
      { name: 'path', probes: ['ready'], check: () => paths.missing() },
      {
        name: 'shutdown',
        probes: ['ready'],
        check: () => (isClosing() ? 'the process is stopping' : undefined),
      },
    ],
    log,
  );
