/** `polder migrate`: moves all objects from sqlite to etcd or back, while no server runs on either. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock } from '../runtime/clock.ts';
import { acquireDataDir, DataDirHeldError, DataDirUnusableError } from '../runtime/data-dir.ts';
import { describeFlags, readFlags, UsageError, type Flags, type Values } from '../runtime/flags.ts';
import { createLog } from '../runtime/log.ts';
import { migrate, MigrationRefusedError, type Migrated, type Migration } from '../store/migration.ts';
import { openStore, openTarget, storeExists, storeServers, STORE_FLAGS } from '../store/open.ts';
import { StoreUnusableError } from '../store/store.ts';

const { store: _store, ...ETCD_FLAGS } = STORE_FLAGS;
const KINDS = ['sqlite', 'etcd'] as const;

export const MIGRATE_FLAGS: Flags = {
  from: { help: 'Where the objects are.', oneOf: KINDS },
  to: { help: 'Where they go.', oneOf: KINDS },
  'data-dir': { help: 'Data directory with the sqlite database; no server may use it.', default: '.polder' },
  ...ETCD_FLAGS,
  overwrite: {
    help: 'Replaces the objects that the target has; a sqlite database stays beside it as store.db.replaced.',
    boolean: true,
  },
  'ignore-servers': {
    help: 'Migrates although API servers use the etcd: what they write to a source from then on is lost, those on a target end.',
    boolean: true,
  },
  help: { help: 'Shows this text.', boolean: true },
};

const HELD = 3;

/** Exit codes: 0 done, 1 failed or refused, 3 the data directory is held by another process. */
export async function migrateCommand(args: readonly string[]): Promise<number> {
  const values = readFlags(MIGRATE_FLAGS, args, process.env);
  if (isSet(values, 'help')) {
    process.stdout.write(
      `usage: polder migrate --from sqlite --to etcd [flags]\n\n${describeFlags(MIGRATE_FLAGS)}\n`,
    );
    return 0;
  }
  try {
    process.stdout.write(report(await run(values)));
    return 0;
  } catch (error) {
    const known =
      error instanceof DataDirHeldError ||
      error instanceof DataDirUnusableError ||
      error instanceof StoreUnusableError ||
      error instanceof MigrationRefusedError;
    if (!known) throw error;
    process.stderr.write(`polder: ${error.message}\n`);
    return error instanceof DataDirHeldError ? HELD : 1;
  }
}

const isSet = (values: Values, flag: string): boolean => values[flag]?.[0] === 'true';

async function run(values: Values): Promise<Migrated> {
  const from = values['from']?.[0];
  const to = values['to']?.[0];
  if (from === undefined || to === undefined || from === to) {
    throw new UsageError('give --from sqlite --to etcd, or --from etcd --to sqlite');
  }
  const directory = resolve(values['data-dir']?.[0] ?? '');
  if (from === 'sqlite' && !existsSync(join(directory, 'store.db'))) {
    throw new UsageError(`${directory} holds no Polder; name its --data-dir`);
  }
  const dataDir = acquireDataDir(directory);
  try {
    const deps = { file: dataDir.file('store.db'), clock: systemClock, log: createLog(), announce: false };
    const source = { ...values, store: [from] };
    if (!(await storeExists(source, deps)))
      throw new MigrationRefusedError(`there is no store in ${from} yet`);
    const target = await openTarget({ ...values, store: [to] }, deps);
    return await copy({
      source: await openStore(source, deps),
      target,
      sourceServers: async () => await storeServers(source),
      overwrite: isSet(values, 'overwrite'),
      ignoreServers: isSet(values, 'ignore-servers'),
    });
  } finally {
    dataDir.release();
  }
}

async function copy(migration: Migration): Promise<Migrated> {
  const { source } = migration;
  await source.start();
  try {
    return await migrate(migration);
  } finally {
    await source.close();
  }
}

function report({ counts, from, to, digest }: Migrated): string {
  const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  const total = rows.reduce((sum, [, count]) => sum + count, 0);
  const width = Math.max(5, ...rows.map(([kind]) => kind.length));
  return [
    ...[...rows, ['total', total] as const].map(([kind, count]) => `${kind.padEnd(width)}  ${count}`),
    `revision ${from} became ${to}; SHA-256 of all objects on both sides: ${digest}`,
    '',
  ].join('\n');
}
