/**
 * Who has the store open, for those who want to replace it: each process keeps a key under a lease of etcd. Both go
 * when the process closes the store, and by themselves soon after it was killed.
 */
import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { timestamp, type Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Connection } from './connection.ts';
import { EtcdFailure } from './failure.ts';
import { fieldsOf, type Layout } from './layout.ts';
import {
  decodeKeepAlive,
  decodeRange,
  encodeGrant,
  encodeLease,
  encodeRange,
  encodeTxn,
  KEEP_ALIVE_PATH,
  METHOD,
} from './messages.ts';

const TTL_S = 15;
const KEEP_EVERY_MS = 5000;
const KEEP_TIMEOUT_MS = 4000;
const REVOKE_TIMEOUT_MS = 1000;
/** What `randomInt` gives at most. */
const LEASES = 2 ** 48 - 1;

export interface Presence {
  /** Resolves when others see this process. Rejects with `EtcdFailure`. */
  start(): Promise<void>;
  /** Others do not see it any more, at once if etcd answers. Idempotent, never rejects. */
  close(): Promise<void>;
}

export interface PresenceDeps {
  readonly connection: Connection;
  readonly layout: Layout;
  readonly clock: Clock;
  readonly log: Log;
  /** How long etcd may take to answer at the start. */
  readonly timeoutMs: number;
}

export const createPresence = (deps: PresenceDeps): Presence => new EtcdPresence(deps);

class EtcdPresence implements Presence {
  readonly #deps: PresenceDeps;
  readonly #since: string;
  #lease = 0;
  /** False while the key may not be there, although the lease is. */
  #isAnnounced = false;
  #cancel = (): void => undefined;
  #closing: Promise<void> | undefined;

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
    this.#since = timestamp(deps.clock.now());
  }

  async start(): Promise<void> {
    await this.#announce();
    this.#keepLater();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#cancel();
    if (this.#lease === 0) return;
    // When that fails, the lease ends by itself.
    await this.#deps.connection
      .call(METHOD.revoke, encodeLease(this.#lease), REVOKE_TIMEOUT_MS)
      .catch(() => undefined);
  }

  async #announce(): Promise<void> {
    const { connection, layout, timeoutMs } = this.#deps;
    // Chosen here, so that it is known whatever becomes of the answer.
    const lease = randomInt(1, LEASES);
    await connection.call(METHOD.grant, encodeGrant(lease, TTL_S), timeoutMs);
    this.#lease = lease;
    this.#isAnnounced = false;
    const value = Buffer.from(JSON.stringify({ host: hostname(), pid: process.pid, since: this.#since }));
    const put = { is: 'put', key: layout.server(lease), value, lease } as const;
    await connection.call(METHOD.txn, encodeTxn({ when: [], success: [put], failure: [] }), timeoutMs);
    this.#isAnnounced = true;
  }

  #keepLater(): void {
    this.#cancel = this.#deps.clock.after(KEEP_EVERY_MS, () => {
      void this.#keep().finally(() => {
        if (this.#closing === undefined) this.#keepLater();
      });
    });
  }

  async #keep(): Promise<void> {
    const { connection, log } = this.#deps;
    try {
      const request = encodeLease(this.#lease);
      const ttlS = this.#isAnnounced
        ? decodeKeepAlive(await firstOf(connection, KEEP_ALIVE_PATH, request))
        : 0;
      // Over, because this process or etcd stood still for longer.
      if (ttlS === 0 && this.#closing === undefined) await this.#announce();
    } catch (error) {
      if (this.#closing !== undefined) return;
      log.info('etcd does not know now that this process runs', { error: String(error) });
    }
  }
}

/** Host, process and start of each process that has the store open. Rejects with `EtcdFailure`. */
export async function presentServers(connection: Connection, layout: Layout): Promise<readonly string[]> {
  const request = encodeRange({ key: layout.servers, end: layout.serversEnd });
  return decodeRange(await connection.call(METHOD.range, request)).kvs.map(({ value }) => nameOf(value));
}

/** The value of one key as text for people. */
export function nameOf(value: Buffer): string {
  const { host, pid, since } = fieldsOf(value);
  return `${String(host)} (process ${String(pid)}, since ${String(since)})`;
}

/** The first answer of a stream. Rejects with `EtcdFailure`. */
async function firstOf(connection: Connection, path: string, request: Buffer): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const end = connection.stream(path, request, { message: resolve, end: reject });
  const timer = setTimeout(
    () => reject(new EtcdFailure('unknown', `etcd did not answer within ${KEEP_TIMEOUT_MS} ms`)),
    KEEP_TIMEOUT_MS,
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    end();
  }
}
