/** How an object's place in the store is written: `/<group>/<plural>/<namespace or empty>/<name>`. */
import type { Kind } from '../api/kind.ts';

/** Everything of one kind starts with this. The core group has no name of its own. */
export const prefixOf = (kind: Pick<Kind, 'group' | 'plural'>): string =>
  `/${kind.group === '' ? 'core' : kind.group}/${kind.plural}/`;

/** The part of a key after the kind's prefix; sorts by namespace, then name. */
export const pathOf = (namespace: string, name: string): string => `${namespace}/${name}`;

/** The kind's prefix of a key; empty when it is none of ours. */
export function prefixInKey(key: string): string {
  const plural = key.indexOf('/', 1) + 1;
  const end = plural === 0 ? 0 : key.indexOf('/', plural) + 1;
  return key.slice(0, end);
}
