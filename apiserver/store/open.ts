/** Which store a process keeps its objects in: the flags for it, shared by all commands, and the choice. */
import { existsSync } from 'node:fs';
import type { Clock } from '../runtime/clock.ts';
import { UsageError, type Flags, type Values } from '../runtime/flags.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { EtcdOptions } from './etcd/store.ts';
import type { MigrationTarget } from './migration.ts';
import { createSqliteStore } from './sqlite/store.ts';
import type { Store } from './store.ts';

/** The names of kube-apiserver where it has them. */
export const STORE_FLAGS: Flags = {
  store: {
    help: 'Where objects are kept: sqlite for one process, etcd for any number of them.',
    default: 'sqlite',
    oneOf: ['sqlite', 'etcd'],
  },
  'etcd-servers': { help: 'With --store etcd: https://host:port of each server.', multiple: true },
  'etcd-cafile': { help: 'PEM file of the CA that signed the certificates of the etcd servers.' },
  'etcd-certfile': { help: 'PEM file of the client certificate shown to etcd.' },
  'etcd-keyfile': { help: 'PEM file of its key.' },
  'etcd-prefix': { help: 'Start of all keys in etcd.', default: '/polder' },
};

export interface StoreDeps {
  /** Of the sqlite database. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: none are kept. */
  readonly metrics?: Metrics;
  /** False for who only reads an etcd: a migration of it is not kept waiting. Default true. */
  readonly announce?: boolean;
}

/** The chosen store, not started. Its driver is loaded here. Throws `UsageError`. */
export async function openStore(values: Values, deps: StoreDeps): Promise<Store> {
  const { file, ...shared } = deps;
  if (!isEtcd(values)) return createSqliteStore({ file, clock: deps.clock });
  const options = etcdOptions(values);
  const { createEtcdStore } = await import('./etcd/store.ts');
  return createEtcdStore({ ...options, ...shared });
}

/** True when the chosen store was made before, whatever is in it. */
export async function storeExists(values: Values, { file }: StoreDeps): Promise<boolean> {
  if (!isEtcd(values)) return existsSync(file);
  const options = etcdOptions(values);
  const { inspectEtcd } = await import('./etcd/import.ts');
  return (await inspectEtcd(options)) !== undefined;
}

/** Names of the processes that have the chosen store open; none for sqlite, whose data directory is locked instead. */
export async function storeServers(values: Values): Promise<readonly string[]> {
  if (!isEtcd(values)) return [];
  const options = etcdOptions(values);
  return await (await import('./etcd/import.ts')).serversOnEtcd(options);
}

/** The chosen store as the target of a migration. */
export async function openTarget(values: Values, { file }: StoreDeps): Promise<MigrationTarget> {
  if (!isEtcd(values)) return (await import('./sqlite/import.ts')).createSqliteTarget(file);
  const options = etcdOptions(values);
  return (await import('./etcd/import.ts')).createEtcdTarget(options);
}

const isEtcd = (values: Values): boolean => values['store']?.[0] === 'etcd';

function etcdOptions(values: Values): EtcdOptions {
  const one = (flag: string): string | undefined => values[flag]?.[0];
  const servers = (values['etcd-servers'] ?? [])
    .flatMap((text) => text.split(','))
    .filter((url) => url !== '');
  if (servers.length === 0) throw new UsageError('etcd needs --etcd-servers');
  const prefix = one('etcd-prefix') ?? '';
  if (!/^\/[\w./-]*[\w.-]\/*$/.test(prefix)) {
    throw new UsageError(`--etcd-prefix is ${JSON.stringify(prefix)}; it must be a path such as /polder`);
  }
  const files = { caFile: one('etcd-cafile'), certFile: one('etcd-certfile'), keyFile: one('etcd-keyfile') };
  const given = Object.entries(files).filter(([, file]) => file !== undefined && file !== '');
  return { servers, prefix, ...Object.fromEntries(given) };
}
