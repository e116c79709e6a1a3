/** The limits that the LimitRanges of a namespace set for one type of object. */
import type { Kind } from '../../api/kind.ts';
import type { LimitRange } from '../../kinds/native/limit-range.ts';
import type { Cache } from '../cache.ts';
import { rangeOf, walk } from '../table.ts';

export type LimitType = 'Container' | 'PersistentVolumeClaim' | 'Pod';
export type Limit = LimitRange['spec']['limits'][number];

/** A write as far as limits care. */
export interface LimitedWrite {
  readonly kind: Kind;
  readonly subresource: string;
  /** Undefined on create. */
  readonly old: object | undefined;
}

/** In order of the names of the LimitRanges; none where LimitRanges are not served. */
export function limitsIn(cache: Cache, namespace: string, type: LimitType): readonly Limit[] {
  const found: Limit[] = [];
  for (const table of cache.tables()) {
    if (table.kind.group !== '' || table.kind.kind !== 'LimitRange') continue;
    walk(table, rangeOf(namespace), '', (stored) => {
      const { spec } = stored.read() as unknown as LimitRange;
      found.push(...spec.limits.filter((limit) => limit.type === type));
      return true;
    });
  }
  return found;
}
