/** Which store a process keeps its objects in: the one place that chooses, from flags that all commands share. */
import type { Clock } from './runtime/clock.ts';
import type { DataDir } from './runtime/data-dir.ts';
import type { Flags, Values } from './runtime/flags.ts';
import { createSqliteStore } from './store/sqlite/store.ts';
import type { Store } from './store/store.ts';

export const STORE_FLAGS: Flags = {
  'data-dir': { help: 'Directory of the store and of what else must survive a restart.', default: '.polder' },
  'history-revisions': {
    help: 'Changes that watches and paged lists can look back on, for at most 7 days; older ones answer 410.',
    default: '1000000',
    range: [10, 1_000_000_000],
  },
};

/** Not started. */
export function chooseStore(
  _values: Values,
  deps: { readonly dataDir: DataDir; readonly clock: Clock },
): Store {
  return createSqliteStore({ file: deps.dataDir.file('store.db'), clock: deps.clock });
}
