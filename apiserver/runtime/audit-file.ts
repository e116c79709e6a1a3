/**
 * The audit log as a file: appended, bounded in memory and on disk, and never the reason why serving ends. What cannot
 * be written is counted and said; the server goes on, because reads and running tenants must survive a full disk.
 */
import { createWriteStream, fstatSync, openSync, type WriteStream } from 'node:fs';
import { moveAside, removeOldest } from './audit-backups.ts';
import type { Log } from './log.ts';
import type { CounterMetric, Metrics } from './metrics.ts';

export interface AuditFile {
  write(lines: Buffer): void;
  /** Undefined while records reach the disk. */
  problem(): string | undefined;
  close(): Promise<void>;
}

/** source: kube-apiserver --audit-log-maxsize, --audit-log-maxbackup */
export interface AuditRotation {
  /** Bytes after which the file is moved aside and a new one begun; 0: never. */
  readonly maxBytes: number;
  /** Files that are kept beside the current one, the newest ones; 0: all. */
  readonly maxBackups: number;
  /** Milliseconds since the epoch: goes into the name of a file that is moved aside. */
  readonly now: () => number;
}

export interface AuditFileDeps {
  readonly path: string;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Default: the file is never moved. */
  readonly rotation?: AuditRotation;
}

/** Records waiting for a slow disk; beyond this they are dropped and counted. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export function openAuditFile(deps: AuditFileDeps): AuditFile {
  return new AppendedFile(deps);
}

interface Open {
  readonly stream: WriteStream;
  /** Bytes in the file once everything handed to the stream is written; 0 for what is no regular file. */
  bytes: number;
  readonly canMove: boolean;
}

class AppendedFile implements AuditFile {
  readonly #deps: AuditFileDeps;
  readonly #dropped: CounterMetric;
  /** Ends of files that were moved aside and still take what was written before. */
  readonly #ending = new Set<Promise<void>>();
  #problem: string | undefined;
  #open: Open | undefined;

  constructor(deps: AuditFileDeps) {
    this.#deps = deps;
    this.#dropped = deps.metrics.counter({
      name: 'polder_audit_dropped_batches_total',
      help: 'Batches of audit records that could not be written.',
    });
    this.#open = this.#begin();
  }

  write(lines: Buffer): void {
    // A stream that failed once is closed; the next batch opens the file anew.
    if (this.#open === undefined || this.#open.stream.destroyed) this.#open = this.#begin();
    if (this.#open !== undefined && this.#isFull(this.#open, lines)) this.#rotate(this.#open);
    const open = this.#open;
    if (open === undefined) {
      this.#dropped.inc();
      return;
    }
    if (open.stream.writableLength > MAX_WAITING_BYTES) {
      this.#dropped.inc();
      this.#problem = `${this.#deps.path}: the disk is slower than the records come`;
      return;
    }
    open.bytes += lines.length;
    open.stream.write(lines, (error) => {
      if (error === null || error === undefined) this.#problem = undefined;
    });
  }

  problem(): string | undefined {
    return this.#problem;
  }

  async close(): Promise<void> {
    if (this.#open !== undefined) this.#end(this.#open);
    await Promise.all(this.#ending);
  }

  #begin(): Open | undefined {
    try {
      const fd = openSync(this.#deps.path, 'a', 0o600);
      const stats = fstatSync(fd);
      const stream = createWriteStream(this.#deps.path, { fd, autoClose: true });
      stream.on('error', (error) => {
        this.#fail(error);
        this.#dropped.inc();
      });
      return { stream, bytes: stats.size, canMove: stats.isFile() };
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }

  #fail(error: Error): void {
    const { log, path } = this.#deps;
    if (this.#problem === undefined) log.error('audit records cannot be written', { file: path, error });
    this.#problem = `${path}: ${error.message}`;
  }

  #isFull({ bytes, canMove }: Open, lines: Buffer): boolean {
    const { maxBytes = 0 } = this.#deps.rotation ?? {};
    return canMove && maxBytes > 0 && bytes > 0 && bytes + lines.length > maxBytes;
  }

  /** What cannot be moved is appended to: a log that is too long is better than one that has gaps. */
  #rotate(open: Open): void {
    const { path, rotation, log } = this.#deps;
    if (rotation === undefined) return;
    try {
      moveAside(path, rotation.now());
      this.#end(open);
      this.#open = this.#begin();
      removeOldest(path, rotation.maxBackups);
    } catch (error) {
      log.error('the audit log could not be rotated', { file: path, error });
      // The next attempt comes with as many bytes again.
      open.bytes = 0;
    }
  }

  #end({ stream }: Open): void {
    if (stream.destroyed) return;
    const ended = new Promise<void>((done) => {
      stream.once('error', () => done());
      stream.end(() => done());
    }).finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}
