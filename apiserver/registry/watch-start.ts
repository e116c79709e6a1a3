/**
 * Where a watch begins, from its parameters.
 *
 * | sendInitialEvents | resourceVersion | begins with                                                |
 * | ----------------- | --------------- | ---------------------------------------------------------- |
 * | absent            | unset or 0      | ADDED for everything there is, then live                   |
 * | absent            | n               | every change after n                                       |
 * | true              | unset or 0      | ADDED for everything, the end bookmark, then live          |
 * | true              | n               | the same once the cache has seen n                         |
 * | false             | unset or 0      | live                                                       |
 * | false             | n               | every change after n                                       |
 *
 * source: kubernetes/apiserver pkg/storage/testing RunWatchSemantics; KEP-3157.
 */
import type { Revision } from '../store/store.ts';
import type { WatchOptions } from './registry.ts';
import { parseRevision } from './resource-version.ts';

export type WatchStart =
  | { readonly is: 'live' }
  | { readonly is: 'after'; readonly revision: Revision }
  /** `marked`: the initial events end with an annotated bookmark when bookmarks were asked for. */
  | { readonly is: 'initial'; readonly atLeast: Revision; readonly marked: boolean };

/** Transport has refused options that contradict each other. Throws 400 for a malformed revision. */
export function watchStart(options: WatchOptions): WatchStart {
  const revision = parseRevision(options.resourceVersion) ?? 0;
  if (options.sendInitialEvents === true) return { is: 'initial', atLeast: revision, marked: true };
  if (revision > 0) return { is: 'after', revision };
  if (options.sendInitialEvents === false) return { is: 'live' };
  return { is: 'initial', atLeast: 0, marked: false };
}
