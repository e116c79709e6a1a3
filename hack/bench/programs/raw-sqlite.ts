/**
 * The baseline of durable writes: nothing but node:sqlite, a transaction of `group` inserts after the other, WAL
 * and synchronous=FULL. Argument: the file. A question says how many seconds; the answer is writes per second.
 */
import { DatabaseSync } from 'node:sqlite';
import { serve } from './serve.ts';

const database = new DatabaseSync(process.argv[2] ?? '');
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
database.exec('CREATE TABLE log (revision INTEGER PRIMARY KEY, key TEXT, value BLOB)');
const insert = database.prepare('INSERT INTO log VALUES (?, ?, ?)');

let revision = 0;

interface Question {
  readonly seconds: number;
  readonly group: number;
  readonly value: Uint8Array;
}
serve({}, async ({ seconds, group, value }: Question) => {
  const startedMs = performance.now();
  const first = revision;
  while (performance.now() - startedMs < seconds * 1000) {
    database.exec('BEGIN');
    for (let i = 0; i < group; i += 1) {
      revision += 1;
      insert.run(revision, `/polder.dev/depots/tn-acme/depot-${revision}`, value);
    }
    database.exec('COMMIT');
  }
  return { perSecond: ((revision - first) / (performance.now() - startedMs)) * 1000, p50Ms: 0, p99Ms: 0 };
});
