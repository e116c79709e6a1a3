/** Every driver of `Store`, as the conformance suite and the benchmarks need it: made in a directory of its own. */
import { join } from 'node:path';
import type { Clock } from '../../apiserver/runtime/clock.ts';
import { createEtcdStore } from '../../apiserver/store/etcd/store.ts';
import { createMemoryStore } from '../../apiserver/store/memory/store.ts';
import { createSqliteStore } from '../../apiserver/store/sqlite/store.ts';
import type { Store } from '../../apiserver/store/store.ts';
import { findTool } from '../../hack/tools/find.ts';
import { useEtcd, type Etcd } from '../support/etcd.ts';

export interface StoreDriver {
  readonly name: string;
  /** True when a store created again in the same directory has what the one before it had. */
  readonly durable: boolean;
  /** True when concurrent writes of different keys are committed in call order too. */
  readonly ordered: boolean;
  /** True when a start takes no revision. */
  readonly gapless: boolean;
  /** Called in the `describe` of a suite: starts what the driver needs. */
  use?(): void;
  create(directory: string, clock?: Clock): Store;
}

/** Of the suite that runs. */
let etcd: Etcd | undefined;

export const ETCD_DRIVER: StoreDriver = {
  name: 'etcd',
  durable: true,
  ordered: false,
  gapless: false,
  use: () => {
    const mine = useEtcd();
    before(() => {
      etcd = mine;
    });
  },
  create: (directory, clock) => {
    if (etcd === undefined) throw new Error('the suite did not call use()');
    const options = { servers: [etcd.url], prefix: directory };
    return createEtcdStore({ ...options, ...(clock === undefined ? {} : { clock }) });
  },
};

/** Beside `ETCD_DRIVER`, which is among them where etcd has been built already. */
export const STORE_DRIVERS: readonly StoreDriver[] = [
  {
    name: 'memory',
    durable: false,
    ordered: true,
    gapless: true,
    create: (_directory, clock) => createMemoryStore(clock === undefined ? {} : { clock }),
  },
  {
    name: 'sqlite',
    durable: true,
    ordered: true,
    gapless: true,
    create: (directory, clock) =>
      createSqliteStore({ file: join(directory, 'polder.db'), ...(clock === undefined ? {} : { clock }) }),
  },
  ...(findTool('etcd') === undefined ? [] : [ETCD_DRIVER]),
];
