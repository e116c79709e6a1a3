/**
 * The audit log as a file: appended, bounded in memory, and never the reason why serving ends. What cannot be
 * written is counted and said; the server goes on, because reads and running tenants must survive a full disk.
 */
import { createWriteStream } from 'node:fs';
import type { Log } from './log.ts';
import type { CounterMetric, Metrics } from './metrics.ts';

export interface AuditFile {
  write(lines: Buffer): void;
  /** Undefined while records reach the disk. */
  problem(): string | undefined;
  close(): Promise<void>;
}

/** Records waiting for a slow disk; beyond this they are dropped and counted. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export function openAuditFile(path: string, log: Log, metrics: Metrics): AuditFile {
  const dropped: CounterMetric = metrics.counter({
    name: 'polder_audit_dropped_batches_total',
    help: 'Batches of audit records that could not be written.',
  });
  let problem: string | undefined;
  const open = (): ReturnType<typeof createWriteStream> => {
    // A stream that failed once is closed; the next batch opens the file anew.
    const stream = createWriteStream(path, { flags: 'a', mode: 0o600, autoClose: true });
    stream.on('error', (error) => {
      if (problem === undefined) log.error('audit records cannot be written', { file: path, error });
      problem = `${path}: ${error.message}`;
      dropped.inc();
    });
    return stream;
  };
  let stream = open();
  return {
    write: (lines) => {
      if (stream.destroyed) stream = open();
      if (stream.writableLength > MAX_WAITING_BYTES) {
        dropped.inc();
        problem = `${path}: the disk is slower than the records come`;
        return;
      }
      const current = stream;
      current.write(lines, (error) => {
        if (error === null || error === undefined) problem = undefined;
      });
    },
    problem: () => problem,
    close: async () => {
      if (stream.destroyed) return;
      await new Promise<void>((done) => {
        stream.once('error', () => done());
        stream.end(() => done());
      });
    },
  };
}
