/**
 * What the store (main thread) and its writer (worker thread) say to each other. Values travel in one shared
 * block of memory that belongs to the writer from `batch` to its answer, so nothing is cloned or freed per write.
 */
import { StoreUnusableError, type Revision } from '../store.ts';

/** `workerData` of the writer. */
export interface WriterOptions {
  readonly file: string;
  /** Default: as far as the disk goes. */
  readonly maxBytes: number | undefined;
  /** Directory of the process' compile cache; undefined when it has none. */
  readonly compileCache: string | undefined;
}

export type Request =
  | {
      readonly is: 'batch';
      /** One element per write in each array; values lie end to end in `values`. */
      readonly keys: readonly string[];
      readonly deletes: readonly boolean[];
      readonly expected: readonly Revision[];
      readonly lengths: readonly number[];
      readonly values: SharedArrayBuffer;
      readonly nowMs: number;
    }
  | { readonly is: 'compact'; readonly revision: Revision }
  | { readonly is: 'close' };

/** An error on its way between threads, which keep no class of ours. */
export interface Failure {
  readonly unusable: boolean;
  readonly message: string;
}

export type Answer =
  | { readonly is: 'opened' }
  | { readonly is: 'not opened'; readonly failure: Failure }
  /** Per write: its revision, or -1 minus the stored revision when `expected` did not match. */
  | { readonly is: 'committed'; readonly outcomes: readonly number[] }
  /** Nothing of the batch was stored. */
  | { readonly is: 'failed'; readonly failure: Failure }
  | { readonly is: 'compacted'; readonly oldest: Revision; readonly done: boolean }
  | { readonly is: 'compaction failed'; readonly failure: Failure };

export function toFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return { unusable: error instanceof StoreUnusableError, message };
}
export const toError = (failure: Failure): Error =>
  failure.unusable ? new StoreUnusableError(failure.message) : new Error(`store: ${failure.message}`);
