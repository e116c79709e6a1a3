/** Which store a process keeps its objects in: the flags for it, shared by all commands, and the choice. */
import type { Clock } from '../runtime/clock.ts';
import { UsageError, type Flags, type Values } from '../runtime/flags.ts';
import type { Log } from '../runtime/log.ts';
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
}

/** The chosen store, not started. Its driver is loaded here. Throws `UsageError`. */
export async function openStore(values: Values, { file, clock, log }: StoreDeps): Promise<Store> {
  const one = (flag: string): string => values[flag]?.[0] ?? '';
  if (one('store') !== 'etcd') return createSqliteStore({ file, clock });
  const servers = (values['etcd-servers'] ?? [])
    .flatMap((text) => text.split(','))
    .filter((url) => url !== '');
  if (servers.length === 0) throw new UsageError('--store etcd needs --etcd-servers');
  if (!/^\/[\w./-]*$/.test(one('etcd-prefix'))) {
    throw new UsageError(`--etcd-prefix is "${one('etcd-prefix')}"; it must start with a slash`);
  }
  const { createEtcdStore } = await import('./etcd/store.ts');
  const given = (flag: string): string | undefined => (one(flag) === '' ? undefined : one(flag));
  const [caFile, certFile, keyFile] = [given('etcd-cafile'), given('etcd-certfile'), given('etcd-keyfile')];
  return createEtcdStore({
    servers,
    prefix: one('etcd-prefix'),
    clock,
    log,
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  });
}
