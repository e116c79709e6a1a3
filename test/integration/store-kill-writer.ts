/**
 * The process that `store-kill.test.ts` kills: 32 writers on one sqlite store, everything they try, get
 * acknowledged and see reported on descriptor 3 in the moment it happens. Arguments: file, seed, compact (0 or 1).
 */
import { writeSync } from 'node:fs';
import { createSqliteStore } from '../../apiserver/store/sqlite/store.ts';
import type { Revision, Store, Write } from '../../apiserver/store/store.ts';
import { random } from './random.ts';

const WRITERS = 32;
const KEYS_EACH = 20;
const PADDING = 'x'.repeat(1100);

// A pipe written synchronously: what was reported is in the kernel's hands and survives this process.
const report = (...fields: readonly (string | number)[]): void => void writeSync(3, `${fields.join(' ')}\n`);

async function main(file: string, seed: number, compact: boolean): Promise<void> {
  const store = createSqliteStore({ file });
  await store.start();
  store.subscribe((changes) => {
    for (const change of changes) report('seen', change.revision, idOf(change.value));
  });
  const compaction = compact ? store.compact(store.revision()) : Promise.resolve();
  await Promise.all([compaction, ...Array.from({ length: WRITERS }, (_, id) => write(store, id, seed))]);
}

/** Creates, updates and deletes its own keys, and races the others for one. Ends with the process. */
async function write(store: Store, writer: number, seed: number): Promise<void> {
  const pick = random(seed * WRITERS + writer);
  const stored = new Map<string, Revision>();
  const own = await store.list(`/w${writer}/`, { limit: KEYS_EACH });
  const shared = await store.list('/shared', { limit: 1 });
  for (const entry of [...own.entries, ...shared.entries]) stored.set(entry.key, entry.revision);
  for (let sequence = 0; ; sequence += 1) {
    const key = pick(10) === 0 ? '/shared' : `/w${writer}/${pick(KEYS_EACH)}`;
    const expected = stored.get(key) ?? 0;
    const type: Write['type'] = expected > 0 && pick(4) === 0 ? 'delete' : 'put';
    const id = `${seed}.${writer}.${sequence}`;
    report('tried', id, type, key, expected);
    const result = await store.append({ key, type, value: Buffer.from(`${id} ${PADDING}`), expected });
    if (result.ok) report('acknowledged', id, result.revision);
    else report('refused', id);
    stored.set(key, result.ok ? (type === 'put' ? result.revision : 0) : result.current);
  }
}

const idOf = (value: Buffer): string => value.toString('latin1', 0, value.indexOf(' '));

const [file = '', seed = '0', compact = '0'] = process.argv.slice(2);
await main(file, Number(seed), compact === '1');
