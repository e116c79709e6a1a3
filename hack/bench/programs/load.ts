/**
 * The load generator. Arguments: the server's URL and a directory with client.crt, client.key and ca.crt. Each
 * question is one `Load`; the answer is a `LoadResult`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { Connection, dial, request } from './connection.ts';
import { serve, withCpuShare } from './serve.ts';

export interface Load {
  readonly connections: number;
  /** Ends after this time or this many requests, whichever comes first. */
  readonly seconds: number;
  readonly requests: number;
  readonly method: string;
  /** `{n}` becomes the number of the request, from `first` on; `{k}` the same, starting again at 1 after `cycle`. */
  readonly path: string;
  readonly body: string;
  readonly first: number;
  readonly cycle?: number;
  readonly contentType?: string;
  /** Return the body of the last response. */
  readonly keepBody: boolean;
}
/** What the load generator saw. */
export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly bytes: number;
  readonly ms: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of one core; near 1 means the client was the limit. */
  readonly cpuShare: number;
  /** Status to count. */
  readonly statuses: ReadonlyMap<number, number>;
  readonly body: Buffer;
}

const [url = '', pki = ''] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const options: ConnectionOptions = {
  host: hostname,
  port: Number(port),
  cert: readFileSync(join(pki, 'client.crt')),
  key: readFileSync(join(pki, 'client.key')),
  ca: readFileSync(join(pki, 'ca.crt')),
};

async function run(load: Load): Promise<LoadResult> {
  const connections = await connect(load.connections);
  const tally = new Tally();
  const { ms, cpuShare } = await withCpuShare(() => {
    const until = performance.now() + load.seconds * 1000;
    let next = 0;
    const take = (): Buffer | undefined => {
      if (next >= load.requests || performance.now() >= until) return undefined;
      next += 1;
      return build(load, load.first + next - 1);
    };
    return Promise.all(connections.map((connection) => drive(connection, load, take, tally)));
  });
  for (const connection of connections) connection.rest();
  return { ...tally.result(ms), ms, cpuShare };
}

/**
 * Clients of an API server keep their connections, so loads do: who comes anew costs the server a handshake, which
 * is 20 to 50 requests' worth of work and none of what is measured.
 */
let kept: readonly Connection[] = [];
async function connect(count: number): Promise<readonly Connection[]> {
  const open = kept.filter(({ isOpen }) => isOpen);
  const missing = Array.from({ length: Math.max(0, count - open.length) }, () => dial(options));
  kept = [...open, ...(await Promise.all(missing)).map((socket) => new Connection(socket))];
  return kept.slice(0, count);
}

const NUMBERED = /\{[nk]\}/;
const constant = new Map<string, Buffer>();
function build(load: Load, number: number): Buffer {
  if (!NUMBERED.test(load.path) && !NUMBERED.test(load.body)) {
    const key = `${load.method} ${load.path} ${load.body}`;
    const known = constant.get(key) ?? request(load.method, load.path, load.body, load.contentType);
    constant.set(key, known);
    return known;
  }
  const cycled = String((number % (load.cycle ?? Infinity)) + 1);
  const fill = (text: string): string => text.replaceAll('{n}', String(number)).replaceAll('{k}', cycled);
  return request(load.method, fill(load.path), fill(load.body), load.contentType);
}

/** One request after the other until there is none. */
function drive(
  connection: Connection,
  load: Load,
  take: () => Buffer | undefined,
  tally: Tally,
): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.onFailure(reject);
    const next = (): void => {
      const bytes = take();
      if (bytes === undefined) return resolve();
      const sentMs = performance.now();
      connection.send(bytes, load.keepBody, (response) => {
        tally.note(response.status, response.bodyBytes, performance.now() - sentMs);
        if (load.keepBody) tally.body = response.body;
        next();
      });
    };
    next();
  });
}

class Tally {
  body: Buffer = Buffer.alloc(0);
  #bytes = 0;
  readonly #latencies: number[] = [];
  readonly #statuses = new Map<number, number>();

  note(status: number, bytes: number, ms: number): void {
    this.#bytes += bytes;
    this.#latencies.push(ms);
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
  }

  result(ms: number): Omit<LoadResult, 'ms' | 'cpuShare'> {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
    return {
      requests: sorted.length,
      perSecond: (sorted.length / ms) * 1000,
      bytes: this.#bytes,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      statuses: this.#statuses,
      body: this.body,
    };
  }
}

serve({}, run);
