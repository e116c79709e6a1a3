/** How many foreign changes were undone, over restarts: a counter that only grows. */
import type { Log } from '../../apiserver/runtime/log.ts';
import type { StateFiles } from './state-files.ts';

export interface DriftCount {
  readonly total: number;
  add(): void;
  /** Resolves when the disk has the total. */
  saved(): Promise<void>;
}

const FILE = 'drift-corrected';

export function createDriftCount(files: StateFiles, log: Log): DriftCount {
  let total = Number(files.read(FILE)?.toString('utf8') ?? 0);
  if (!Number.isSafeInteger(total) || total < 0) total = 0;
  let onDisk = total;
  let saving: Promise<void> | undefined;
  const save = async (): Promise<void> => {
    try {
      while (onDisk !== total) {
        const now = total;
        await files.write(FILE, Buffer.from(String(now)));
        onDisk = now;
      }
    } catch (error) {
      // The count is for people; repairs go on.
      log.error('the count of drift corrections was not saved', { error });
    } finally {
      saving = undefined;
    }
  };
  return {
    get total() {
      return total;
    },
    add: () => {
      total += 1;
      saving ??= save();
    },
    saved: () => saving ?? Promise.resolve(),
  };
}
