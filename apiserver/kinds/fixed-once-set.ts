/** Fields that are empty at first, filled once (by placement, by a controller) and fixed from then on. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';

export const fixedOnceSet = (field: string, value: unknown, old: unknown): readonly Cause[] =>
  old === undefined || old === value ? [] : [cause.immutable(field, value)];
