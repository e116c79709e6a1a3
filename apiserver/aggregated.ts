/**
 * The API server as part of a Kubernetes cluster: serves our own groups behind the cluster's aggregator, knows
 * callers through it, and asks it what they may do before our own engine decides.
 */
import { randomBytes } from 'node:crypto';
import type { Client } from './client/client.ts';
import type { Serving, ServingCertificate } from './client/serving-certificate.ts';
import { createCoreServer, type ApiServer } from './core-server.ts';
import { ensureSharedSecret, untilDone } from './client/shared-secret.ts';
import { createBreakGlassKeeper } from './host/break-glass.ts';
import { createInjection } from './host/injection.ts';
import { createHost, type Host } from './host/host.ts';
import type { LookLoop } from './host/look-loop.ts';
import { createRegistrationGuard } from './host/registration-guard.ts';
import type { HealthCheck } from './http/health.ts';
import type { Clock } from './runtime/clock.ts';
import type { Log } from './runtime/log.ts';
import type { Metrics } from './runtime/metrics.ts';
import type { Store } from './store/store.ts';

export interface AggregatedOptions {
  /** Not started; started and closed here. */
  readonly store: Store;
  /** Reaches the host's API server; stays open, it belongs to the caller. */
  readonly client: Client;
  readonly serving: ServingCertificate;
  /** 0 takes any free one. */
  readonly port: number;
  /** Address to listen on. */
  readonly address: string;
  readonly historyRevisions?: number;
  /** How long requests are still answered after readiness began to fail, until they go to others. */
  readonly shutdownDelayMs: number;
  /** Takes whole lines of audit records. */
  readonly writeAudit: (lines: Buffer) => void;
  readonly health: readonly HealthCheck[];
  /** Where Polder itself lives and keeps what its replicas share. */
  readonly namespace: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface AggregatedServer {
  /** Resolves when requests are answered; readiness says whether callers can be known yet. */
  start(): Promise<{ readonly port: number }>;
  /** Drains and closes within 10 s and the delay. */
  close(): Promise<void>;
}

const DRAIN_MS = 5_000;

export function createAggregatedServer(options: AggregatedOptions): AggregatedServer {
  return new Aggregated(options);
}

class Aggregated implements AggregatedServer {
  readonly #options: AggregatedOptions;
  readonly #started: { close(): Promise<void> }[] = [];
  readonly #closing = new AbortController();
  #serving: Serving | undefined;
  /** PEM of the CAs that callers may have a certificate of. */
  #callers = '';
  #api: ApiServer | undefined;

  constructor(options: AggregatedOptions) {
    this.#options = options;
  }

  async start(): Promise<{ readonly port: number }> {
    const { serving, client, namespace, clock, log, metrics, port, address } = this.#options;
    this.#started.push(serving);
    this.#serving = await serving.first();
    const onCallers = (authorities: string): void => {
      this.#callers = authorities;
      this.#setTls();
    };
    const host = createHost({ client, clock, log, metrics, onCallers });
    this.#started.push(host);
    host.start();
    const api = this.#createApi(host, await this.#fingerprintKey());
    this.#started.push({ close: () => api.close(DRAIN_MS, this.#options.shutdownDelayMs) });
    const listening = await api.start(port, address);
    this.#api = api;
    this.#setTls();
    this.#keepServing(this.#serving);
    const labels = host.cluster.webhooks.namespaceLabels;
    const caller = client.until(this.#closing.signal);
    this.#lookAfter([
      createBreakGlassKeeper({ client: caller, clock, log, metrics }),
      createRegistrationGuard({ client: caller, namespace, labels, clock, log, metrics }),
    ]);
    return listening;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the server is stopping'));
    for (const part of this.#started.reverse()) await part.close();
  }

  #lookAfter(loops: readonly LookLoop[]): void {
    // Together: none of them shall complain about calls that end because the server does.
    this.#started.push({ close: async () => void (await Promise.all(loops.map((loop) => loop.close()))) });
    for (const loop of loops) loop.start();
  }

  /** Follows the serving certificate; has the host trust it where it is our own, and know the way to our webhooks. */
  #keepServing(first: Serving): void {
    const { serving, client, namespace, clock, log } = this.#options;
    const injection = createInjection({ client, namespace, clock, log });
    this.#started.push(injection);
    injection.keep(first.bundle);
    serving.start((renewed) => {
      this.#serving = renewed;
      this.#setTls();
      if (renewed.bundle !== undefined) injection.keep(renewed.bundle);
    });
  }

  /** Replicas must agree on it, or applying a credential again would look like a change. */
  #fingerprintKey(): Promise<Buffer> {
    const { client, namespace, clock, log } = this.#options;
    const { signal } = this.#closing;
    const make = (): Buffer => randomBytes(32);
    const wanted = { client, namespace, name: 'polder-keys', key: 'fingerprint', make, signal };
    return untilDone('fingerprint key', () => ensureSharedSecret(wanted), { clock, log, signal });
  }

  #createApi(host: Host, fingerprintKey: Uint8Array): ApiServer {
    const { store, clock, log, metrics, writeAudit, version, historyRevisions } = this.#options;
    return createCoreServer({
      store,
      tls: this.#tls(),
      authenticator: host.authenticator,
      host: host.cluster,
      clock,
      log,
      metrics,
      writeAudit,
      fingerprintKey,
      version,
      health: [...host.health, ...this.#options.health],
      ...(historyRevisions === undefined ? {} : { historyRevisions }),
    });
  }

  /** New connections get what is current; running watches go on as they are. */
  #setTls(): void {
    this.#api?.http.setTls(this.#tls());
  }

  #tls(): { readonly cert: string; readonly key: string; readonly clientCa: string } {
    const { cert = '', key = '' } = this.#serving ?? {};
    return { cert, key, clientCa: this.#callers };
  }
}
