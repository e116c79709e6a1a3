/**
 * gRPC to one of the etcd servers at a time: the next one is tried when the present one does not answer. Messages are
 * bytes here; `messages.ts` knows what is in them.
 */
import { readFileSync } from 'node:fs';
import {
  Client,
  connectivityState,
  credentials,
  Metadata,
  status,
  type ChannelCredentials,
  type ClientOptions,
  type ServiceError,
} from '@grpc/grpc-js';
import { StoreUnusableError } from '../store.ts';
import { EtcdFailure } from './failure.ts';
import type { Method } from './messages.ts';
import { NO_METRICS, type EtcdMetrics } from './metrics.ts';

export interface EtcdServers {
  /** `http://host:port` or `https://host:port`, all of one cluster. */
  readonly servers: readonly string[];
  /** PEM files; read again for every new connection, so that they can be rotated. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface StreamSink {
  message(bytes: Buffer): void;
  /** Once, after the last message; also after `close`. */
  end(why: Error): void;
}

export interface Connection {
  /** Rejects with `EtcdFailure`. Default timeout: 5 s. */
  call(method: Method, request: Buffer, timeoutMs?: number): Promise<Buffer>;
  /** Opens a stream both ways with this request, the only one. The returned function ends it. */
  stream(path: string, request: Buffer, sink: StreamSink): () => void;
  close(): void;
}

const CALL_TIMEOUT_MS = 5000;
/** How long one server may take to be reached before the next one is tried. */
const CONNECT_TIMEOUT_MS = 2000;

const OPTIONS: ClientOptions = {
  // Of a page of objects; pages are made so that they stay well below.
  'grpc.max_receive_message_length': 256 * 1024 * 1024,
  'grpc.max_send_message_length': -1,
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
  // A connection that died without a word is found out. etcd allows a ping each 5 s.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // Whether a write may be sent again is for us to decide.
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
};

/** Throws `StoreUnusableError` for servers or files that cannot be used. */
export function createConnection(options: EtcdServers, metrics: EtcdMetrics = NO_METRICS): Connection {
  return new GrpcConnection(options, metrics);
}

const same = (bytes: Buffer): Buffer => bytes;

class GrpcConnection implements Connection {
  readonly #options: EtcdServers;
  readonly #metrics: EtcdMetrics;
  #at = 0;
  #client: Client;
  #closed = false;

  constructor(options: EtcdServers, metrics: EtcdMetrics) {
    this.#options = options;
    this.#metrics = metrics;
    this.#client = dial(options, 0);
  }

  async call(method: Method, request: Buffer, timeoutMs = CALL_TIMEOUT_MS): Promise<Buffer> {
    const deadline = Date.now() + timeoutMs;
    const end = this.#metrics.begin(method.name);
    try {
      const answer = await this.#send(method.path, request, deadline);
      end();
      return answer;
    } catch (error) {
      end(error instanceof EtcdFailure ? error.kind : 'unknown');
      throw error;
    }
  }

  async #send(path: string, request: Buffer, deadline: number): Promise<Buffer> {
    const client = await this.#ready(deadline);
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, same, same, request, { deadline }, (error, answer) => {
        if (error === null && answer !== undefined) {
          resolve(answer);
          return;
        }
        const failure = failureOf(error);
        if (failure.kind === 'unknown') this.#leave(client);
        reject(failure);
      });
    });
  }

  stream(path: string, request: Buffer, sink: StreamSink): () => void {
    const client = this.#client;
    const metadata = new Metadata();
    // A server that lost its leader ends the stream instead of keeping silent.
    metadata.set('hasleader', 'true');
    const call = client.makeBidiStreamRequest(path, same, same, metadata, {});
    let why: Error = new EtcdFailure('unknown', 'etcd ended the stream');
    call.on('data', (bytes: Buffer) => sink.message(bytes));
    call.on('error', (error: ServiceError) => {
      why = failureOf(error);
      if (error.code !== status.CANCELLED) this.#leave(client);
    });
    call.on('status', () => sink.end(why));
    call.write(request);
    return () => call.cancel();
  }

  close(): void {
    this.#closed = true;
    this.#client.close();
  }

  /** A client that is connected. Rejects when none of the servers is reached in time. */
  async #ready(deadline: number): Promise<Client> {
    for (;;) {
      if (this.#closed) throw new EtcdFailure('not sent', 'the connection to etcd is closed');
      const client = this.#client;
      if (client.getChannel().getConnectivityState(true) === connectivityState.READY) return client;
      const until = Math.min(deadline, Date.now() + CONNECT_TIMEOUT_MS);
      const failed = await new Promise<Error | undefined>((resolve) => client.waitForReady(until, resolve));
      if (failed === undefined) return client;
      this.#leave(client);
      if (Date.now() >= deadline) {
        const servers = this.#options.servers.join(', ');
        throw new EtcdFailure('not sent', `etcd at ${servers} is not reached`, { cause: failed });
      }
    }
  }

  /** Goes on to the next server; calls that are on their way end where they are. */
  #leave(client: Client): void {
    if (this.#closed || client !== this.#client) return;
    // The only server: gRPC connects again by itself, unless certificates may have changed.
    if (this.#options.servers.length === 1 && this.#options.caFile === undefined) return;
    this.#at = (this.#at + 1) % this.#options.servers.length;
    try {
      this.#client = dial(this.#options, this.#at);
    } catch {
      // Certificate files that are being replaced; what was read before is used on.
      return;
    }
    client.close();
  }
}

function dial(options: EtcdServers, at: number): Client {
  const server = options.servers[at] ?? '';
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.port === '') {
    throw new StoreUnusableError(
      `etcd server ${JSON.stringify(server)} is not of the form https://host:port`,
    );
  }
  return new Client(
    url.host,
    url.protocol === 'https:' ? tls(options) : credentials.createInsecure(),
    OPTIONS,
  );
}

function tls({ caFile, certFile, keyFile }: EtcdServers): ChannelCredentials {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new StoreUnusableError('etcd: a client certificate needs its key, and the key its certificate');
  }
  const read = (file: string | undefined): Buffer | null => (file === undefined ? null : readFileSync(file));
  try {
    return credentials.createSsl(read(caFile), read(keyFile), read(certFile));
  } catch (error) {
    throw new StoreUnusableError(`etcd: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** Codes with which etcd says that it did not do what it was asked. source: etcd api/v3/v3rpc/rpctypes/error.go. */
const REFUSED: ReadonlySet<number> = new Set([
  status.INVALID_ARGUMENT,
  status.FAILED_PRECONDITION,
  status.RESOURCE_EXHAUSTED,
  status.PERMISSION_DENIED,
  status.UNAUTHENTICATED,
  status.UNIMPLEMENTED,
]);

function failureOf(error: ServiceError | null): EtcdFailure {
  if (error === null) return new EtcdFailure('unknown', 'etcd sent no answer');
  const details = error.details.replace(/^etcdserver: /, '');
  if (error.code === status.OUT_OF_RANGE && details.includes('compacted')) {
    return new EtcdFailure('compacted', details);
  }
  const kind = REFUSED.has(error.code) ? 'refused' : 'unknown';
  return new EtcdFailure(kind, `etcd: ${details}`, { cause: error });
}
