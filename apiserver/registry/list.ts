/**
 * Lists: which state they show, a page of it, and the token for the rest.
 *
 * | resourceVersion | match        | without limit        | with limit           |
 * | --------------- | ------------ | -------------------- | -------------------- |
 * | unset or 0      | any but Exact| newest               | newest, paged        |
 * | n               | unset        | not older than n     | exactly n            |
 * | n               | NotOlderThan | not older than n     | not older than n     |
 * | n               | Exact        | exactly n            | exactly n            |
 *
 * source: kubernetes.io "API concepts", resource versions in list requests.
 */
import { ApiError, badRequest } from '../api/errors.ts';
import { CompactedError, type Revision } from '../store/store.ts';
import type { Cache } from './cache.ts';
import { decodeContinue, encodeContinue, NEWEST } from './continue-token.ts';
import type { Matches } from './event.ts';
import { matchesOf } from './matches.ts';
import type { Collection, Context, ListOptions, ListResult } from './registry.ts';
import { parseRevision, requireFresh } from './resource-version.ts';
import { page } from './snapshot.ts';
import { ofRead } from './store-errors.ts';
import { rangeOf } from './table.ts';

/** The state a list shows and where in it the page begins. */
interface Place {
  readonly revision: Revision;
  readonly start: string;
}

export async function list(
  cache: Cache,
  context: Context,
  collection: Collection,
  options: ListOptions,
): Promise<ListResult> {
  const place = await placeOf(cache, context, options);
  const matches = filterOf(options);
  const request = {
    ...place,
    table: cache.table(collection.kind),
    range: rangeOf(collection.namespace),
    limit: options.limit,
    matches,
  };
  try {
    const { items, more, remaining } = await page(cache, request);
    const last = items.at(-1);
    return {
      revision: place.revision,
      items,
      continue: more && last !== undefined ? encodeContinue(place.revision, last.path) : '',
      remaining: more ? remaining : undefined,
    };
  } catch (error) {
    if (error instanceof CompactedError) throw expired(options, place);
    throw ofRead(error);
  }
}

function filterOf(options: ListOptions): Matches | undefined {
  const selected = matchesOf(options.selectors);
  const { visibility } = options;
  if (visibility.all) return selected;
  return (object) => (selected === undefined || selected(object)) && visibility.allows(object);
}

async function placeOf(cache: Cache, context: Context, options: ListOptions): Promise<Place> {
  if (options.continue !== '') {
    if (options.resourceVersion !== '' && options.resourceVersion !== '0') {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    const token = decodeContinue(options.continue);
    const revision = token.revision === NEWEST ? cache.revision() : token.revision;
    await requireFresh(cache, revision, context.signal);
    return { revision, start: token.start };
  }
  const asked = parseRevision(options.resourceVersion) ?? 0;
  await requireFresh(cache, asked, context.signal, options.resourceVersion);
  const { resourceVersionMatch: match } = options;
  const isExact = match === 'Exact' || (match === '' && options.limit > 0);
  return { revision: asked > 0 && isExact ? asked : cache.revision(), start: '' };
}

/** A page of an old snapshot hands out a token for going on without it; a first page does not. */
function expired(options: ListOptions, place: Place): ApiError {
  if (options.continue === '') {
    return new ApiError('Expired', 'The resourceVersion for the provided list is too old.');
  }
  const token = encodeContinue(NEWEST, place.start.replace(/\0$/, ''));
  return new ApiError(
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. Start a new list without it, ' +
      'or use the continue token in this answer to get the rest: objects that were created, changed or deleted ' +
      'since the first page may then show up or be missing.',
    { continue: token },
  );
}
