/** Every driver of `Store`, as the conformance suite and the benchmarks need it: made in a directory of its own. */
import { join } from 'node:path';
import type { Clock } from '../../apiserver/runtime/clock.ts';
import { createMemoryStore } from '../../apiserver/store/memory/store.ts';
import { createSqliteStore } from '../../apiserver/store/sqlite/store.ts';
import type { Store } from '../../apiserver/store/store.ts';

export interface StoreDriver {
  readonly name: string;
  /** True when a store created again in the same directory has what the one before it had. */
  readonly durable: boolean;
  create(directory: string, clock?: Clock): Store;
}

export const STORE_DRIVERS: readonly StoreDriver[] = [
  {
    name: 'memory',
    durable: false,
    create: (_directory, clock) => createMemoryStore(clock === undefined ? {} : { clock }),
  },
  {
    name: 'sqlite',
    durable: true,
    create: (directory, clock) =>
      createSqliteStore({ file: join(directory, 'polder.db'), ...(clock === undefined ? {} : { clock }) }),
  },
];
