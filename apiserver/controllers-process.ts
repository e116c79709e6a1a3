/**
 * The controllers and the hub as a process of their own, against the API server of the host cluster: our kinds through
 * its aggregator, namespaces and quotas on the host itself. Of several replicas one leads; the others wait, and send
 * agents away until they find the leader.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createControllers } from '../controllers/controllers.ts';
import { REGISTER_PATH, createHub, type Hub } from '../controllers/hub/hub.ts';
import { createInformers } from '../controllers/reconcilers/core/informers.ts';
import type { Client } from './client/client.ts';
import { awaitLeadership } from './client/leader-election.ts';
import type { ServingCertificate } from './client/serving-certificate.ts';
import { ensureSharedSecret, untilDone } from './client/shared-secret.ts';
import { createHealth, type Health } from './runtime/health.ts';
import { createProcessServer, type ProcessServer } from './process-server.ts';
import type { Clock } from './runtime/clock.ts';
import type { Log } from './runtime/log.ts';
import type { Metrics } from './runtime/metrics.ts';

export interface ControllersProcessOptions {
  /** Of the host's API server; stays open, it belongs to the caller. */
  readonly client: Client;
  readonly serving: ServingCertificate;
  /** 0 takes any free one. */
  readonly port: number;
  readonly address: string;
  /** Where Polder itself lives. */
  readonly namespace: string;
  /** Of this replica; no two may share it. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface ControllersProcess {
  /** Resolves when probes are answered; leading begins later, if ever. */
  start(): Promise<{ readonly port: number }>;
  /** Resolves when this replica led and does no longer: nobody can tell what it had under way, so it must end. */
  readonly lost: Promise<void>;
  readonly health: Health;
  /** Ends within 10 s and gives the lead back. */
  close(): Promise<void>;
}

const LEASE = 'polder-controllers';
const DRAIN_MS = 3_000;

export function createControllersProcess(options: ControllersProcessOptions): ControllersProcess {
  return new Controlling(options);
}

type Role = 'standby' | 'starting' | 'leading';

class Controlling implements ControllersProcess {
  readonly lost: Promise<void>;
  readonly health: Health;
  readonly #options: ControllersProcessOptions;
  readonly #stopping = new AbortController();
  readonly #server: ProcessServer;
  readonly #lose: () => void;
  /** What was started as the leader, in order; closed backwards. */
  readonly #led: { close(): Promise<void> }[] = [];
  #role: Role = 'standby';
  #hub: Hub | undefined;
  #leading: Promise<void> = Promise.resolve();

  constructor(options: ControllersProcessOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.lost = promise;
    this.#lose = resolve;
    this.health = this.#health();
    this.#server = createProcessServer({
      health: this.health,
      log: options.log,
      handle: (request, response) => {
        if (this.#hub !== undefined) return this.#hub.handle(request, response);
        return isForHub(request) && sendAway(response);
      },
      upgrade: (request, socket, head) => {
        if (this.#hub !== undefined) return this.#hub.upgrade(request, socket, head);
        socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n');
        return true;
      },
    });
  }

  async start(): Promise<{ readonly port: number }> {
    const { serving, port, address, log } = this.#options;
    const listening = await this.#server.start(await serving.first(), port, address);
    serving.start((pair) => this.#server.setCertificate(pair));
    this.#leading = this.#lead().catch((error: unknown) => {
      if (this.#stopping.signal.aborted) return;
      log.error('controllers cannot lead', { error });
      this.#lose();
    });
    return listening;
  }

  async close(): Promise<void> {
    this.#stopping.abort(new Error('the process is stopping'));
    await this.#leading;
    for (const part of this.#led.reverse()) await part.close();
    await this.#server.close(DRAIN_MS);
    await this.#options.serving.close();
  }

  async #lead(): Promise<void> {
    const { client, namespace, identity, clock, log, metrics } = this.#options;
    const { signal } = this.#stopping;
    const election = { client, namespace, name: LEASE, identity, clock, log };
    const leadership = await awaitLeadership(election, signal);
    this.#led.push({ close: () => leadership.release() });
    void leadership.lost.then(this.#lose);
    this.#role = 'starting';
    const signingKey = await this.#signingKey();
    const informers = createInformers({ apiClient: client, log, clock });
    this.#led.push(informers);
    const hub = createHub({ client, informers, signingKey, clock, log, metrics });
    this.#led.push(hub);
    this.#hub = hub;
    const controllers = createControllers({ apiClient: client, informers, clock, log, metrics });
    this.#led.push(controllers);
    controllers.start();
    await orAborted(hub.start(), signal);
    this.#role = 'leading';
  }

  /** Signs what planes replay; the same for every leader, because agents pin its public half. */
  async #signingKey(): Promise<KeyObject> {
    const { client, namespace, clock, log } = this.#options;
    const { signal } = this.#stopping;
    const wanted = { client, namespace, name: 'polder-hub', key: 'signing.key', make: newSigningKey, signal };
    const pem = await untilDone('signing key', () => ensureSharedSecret(wanted), { clock, log, signal });
    return createPrivateKey(pem);
  }

  #health(): Health {
    const { log } = this.#options;
    return createHealth(
      [
        {
          name: 'hub',
          probes: ['ready'],
          check: () => (this.#role === 'starting' ? 'the hub is reading what planes replay' : undefined),
        },
        {
          name: 'shutdown',
          probes: ['ready'],
          check: () => (this.#stopping.signal.aborted ? 'the process is stopping' : undefined),
        },
      ],
      log,
    );
  }
}

const isForHub = ({ url = '' }: IncomingMessage): boolean => url.startsWith(REGISTER_PATH);

/** Another replica leads; the next connection may find it. */
function sendAway(response: ServerResponse): true {
  response.writeHead(503, { 'Retry-After': '1', Connection: 'close' }).end();
  return true;
}

function newSigningKey(): Buffer {
  const { privateKey } = generateKeyPairSync('ed25519');
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/** The hub waits for copies of the API for as long as it takes; stopping must not. */
async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(new Error('stopped before the hub was ready'));
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
