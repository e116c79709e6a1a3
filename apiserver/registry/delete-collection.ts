/** Deletes what a list shows, each as a delete of its own. */
import { ApiError } from '../api/errors.ts';
import type { WriteDeps } from './commit.ts';
import { remove } from './delete.ts';
import { list } from './list.ts';
import type {
  Collection,
  Context,
  DeleteOptions,
  ListOptions,
  ListResult,
  StoredObject,
} from './registry.ts';

/** Deletes under way at a time: enough to share commits, few enough to leave room for others. */
const WORKERS = 16;

/** Answers with the objects as they were listed. One that is gone already is no error; any other error ends it. */
export async function removeCollection(
  deps: WriteDeps,
  context: Context,
  collection: Collection,
  options: DeleteOptions & { readonly list: ListOptions },
): Promise<ListResult> {
  const found = await list(deps.cache, context, collection, options.list);
  const waiting = [...found.items].reverse();
  const worker = async (): Promise<void> => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
      context.signal.throwIfAborted();
      await removeOne(deps, context, collection, { item, options });
    }
  };
  try {
    await Promise.all(Array.from({ length: WORKERS }, worker));
  } finally {
    // After a failure the other workers find nothing more to do.
    waiting.length = 0;
  }
  return found;
}

async function removeOne(
  deps: WriteDeps,
  context: Context,
  { kind }: Collection,
  one: { readonly item: StoredObject; readonly options: DeleteOptions },
): Promise<void> {
  const { namespace, name } = one.item;
  try {
    await remove(deps, context, { kind, namespace, name }, one.options);
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === 'NotFound')) throw error;
  }
}
