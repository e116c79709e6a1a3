/**
 * Writes: one transaction each, those of one key in call order, at most so many at a time. What became of a write whose
 * answer was lost is read from the watch, which sees every change with the identity of its writer.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../runtime/clock.ts';
import {
  OutcomeUnknownError,
  StoreUnusableError,
  ValueTooLargeError,
  type Revision,
  type Write,
  type WriteResult,
} from '../store.ts';
import type { Connection } from './connection.ts';
import { EtcdFailure } from './failure.ts';
import { encodeHead, type Layout } from './layout.ts';
import {
  decodeTxn,
  encodeTxn,
  METHOD,
  type Operation,
  type TxnRequest,
  type TxnResponse,
} from './messages.ts';
import type { Notes } from './notes.ts';

const MAX_IN_FLIGHT = 256;
/** Waiting writes; callers limit themselves, this limits what a fault of theirs can hold. */
const MAX_WAITING = 16_384;

export interface CommitsDeps {
  readonly connection: Connection;
  readonly layout: Layout;
  /** etcd's revision less ours, and the revision of `meta` that a write relies on. */
  readonly base: number;
  readonly metaRevision: number;
  readonly clock: Clock;
  /** How long etcd may take to answer. */
  readonly timeoutMs: number;
  readonly notes: Notes;
  /** Resolves when subscribers have seen that revision. */
  readonly seen: (revision: Revision) => Promise<void>;
  /** Resolves when subscribers have seen everything that was committed before the call. */
  readonly sync: () => Promise<void>;
}

export interface Commits {
  append(write: Write): Promise<WriteResult>;
  /** Told by the watch, before `seen` resolves. */
  observe(writeId: string, revision: Revision): void;
  /** Resolves when nothing is on its way any more. */
  drained(): Promise<void>;
}

/** source: etcd api/v3/v3rpc/rpctypes/error.go, ErrGRPCRequestTooLarge. */
const TOO_LARGE = 'request is too large';

const NOTHING = Buffer.alloc(0);
const UNGUARDED = { when: [], success: [] };

export const createCommits = (deps: CommitsDeps): Commits => new EtcdCommits(deps);

class EtcdCommits implements Commits {
  readonly #deps: CommitsDeps;
  readonly #writer = randomBytes(9).toString('base64url');
  #writes = 0;
  /** Key to the end of its newest write. */
  readonly #last = new Map<string, Promise<unknown>>();
  /** Writes without an answer yet, with the revision that the watch saw of them. */
  readonly #open = new Map<string, Revision | undefined>();
  #waiting = 0;
  #free = MAX_IN_FLIGHT;
  readonly #queue: (() => void)[] = [];

  constructor(deps: CommitsDeps) {
    this.#deps = deps;
  }

  async append(write: Write): Promise<WriteResult> {
    if (this.#waiting >= MAX_WAITING)
      throw new StoreUnusableError(`${MAX_WAITING} writes are waiting for etcd`);
    this.#waiting += 1;
    const before = this.#last.get(write.key);
    const mine = this.#inTurn(write, before);
    const end = mine.catch(() => undefined);
    this.#last.set(write.key, end);
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
      if (this.#last.get(write.key) === end) this.#last.delete(write.key);
    }
  }

  observe(writeId: string, revision: Revision): void {
    if (this.#open.has(writeId)) this.#open.set(writeId, revision);
  }

  async drained(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }

  async #inTurn(write: Write, before: Promise<unknown> | undefined): Promise<WriteResult> {
    await before;
    if (this.#free === 0) await new Promise<void>((resolve) => void this.#queue.push(resolve));
    else this.#free -= 1;
    try {
      return await this.#commit(write);
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  async #commit(write: Write): Promise<WriteResult> {
    const { connection, base, timeoutMs } = this.#deps;
    this.#writes += 1;
    const writeId = `${this.#writer}.${this.#writes}`;
    const request = encodeTxn(this.#transaction(write, writeId));
    this.#open.set(writeId, undefined);
    try {
      const answer = decodeTxn(await connection.call(METHOD.txn, request, timeoutMs));
      if (!answer.succeeded) return await this.#refused(answer);
      return await this.#written(answer.revision - base);
    } catch (error) {
      if (!(error instanceof EtcdFailure)) throw error;
      if (error.kind === 'unknown') return await this.#resolve(writeId, error);
      if (error.message.includes(TOO_LARGE)) throw new ValueTooLargeError(error.message, { cause: error });
      throw new StoreUnusableError(error.message, { cause: error });
    } finally {
      this.#open.delete(writeId);
    }
  }

  #transaction(write: Write, writeId: string): TxnRequest {
    const { layout, base, metaRevision, notes, clock } = this.#deps;
    const { type, value, expected } = write;
    const key = layout.object(write.key);
    const isDelete = type === 'delete';
    const head = encodeHead({ writeId, previous: expected, last: isDelete ? value : NOTHING });
    const change: Operation = isDelete ? { is: 'delete', key } : { is: 'put', key, value };
    const present = [key, layout.head, layout.meta].map((one): Operation => ({
      is: 'range',
      range: { key: one, keysOnly: true },
    }));
    const guard = this.#guard(write);
    return {
      when: [
        // A revision that nothing has is how a delete of what must not exist never happens.
        { key, modRevision: expected === 0 ? (isDelete ? Number.MAX_SAFE_INTEGER : 0) : expected + base },
        { key: layout.meta, modRevision: metaRevision },
        ...guard.when,
      ],
      success: [
        change,
        { is: 'put', key: layout.head, value: head },
        ...guard.success,
        ...notes.operations(clock.now()),
      ],
      failure: present,
    };
  }

  /** When nobody saw it here within the time, it is stored all the same: never say that it is not. */
  async #written(revision: Revision): Promise<WriteResult> {
    try {
      await this.#deps.seen(revision);
    } catch (error) {
      throw new OutcomeUnknownError('etcd has written it but its watch does not show it', { cause: error });
    }
    return { ok: true, revision };
  }

  #guard({ guard }: Write): Pick<TxnRequest, 'when' | 'success'> {
    if (guard === undefined) return UNGUARDED;
    const { layout, base } = this.#deps;
    const key = layout.guard(guard.name);
    return {
      when: [{ key, modRevision: guard.seen + base, orBefore: true }],
      success: [{ is: 'put', key, value: NOTHING }],
    };
  }

  /** Nothing was written. Subscribers see what the refusal was decided by before the caller hears of it. */
  async #refused({ ranges }: TxnResponse): Promise<WriteResult> {
    const { base, metaRevision, seen, layout } = this.#deps;
    const [current, head, meta] = ranges.map(({ kvs }) => kvs[0]?.modRevision ?? 0);
    if (meta !== metaRevision || head === undefined) {
      throw new StoreUnusableError(
        `the store under ${layout.prefix} in etcd was replaced: restart this process`,
      );
    }
    await seen(head - base);
    return { ok: false, current: current === undefined || current === 0 ? 0 : current - base };
  }

  /** The answer was lost: the watch tells whether it happened; that it did not happen yet proves nothing. */
  async #resolve(writeId: string, cause: EtcdFailure): Promise<WriteResult> {
    try {
      await this.#deps.sync();
    } catch (error) {
      throw new OutcomeUnknownError(cause.message, { cause: error });
    }
    const revision = this.#open.get(writeId);
    if (revision === undefined) throw new OutcomeUnknownError(cause.message, { cause });
    return { ok: true, revision };
  }
}
