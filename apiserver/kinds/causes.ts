/** The problems that `check` functions report, worded as kube-apiserver words them. source: apimachinery field/errors.go. */
import type { Cause } from '../api/errors.ts';

const shown = (value: unknown): string => JSON.stringify(value ?? null);

export const required = (field: string, why = ''): Cause => ({
  reason: 'FieldValueRequired',
  field,
  message: why === '' ? 'Required value' : `Required value: ${why}`,
});

export const invalidValue = (field: string, value: unknown, why: string): Cause => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${shown(value)}: ${why}`,
});

export const duplicate = (field: string, value: unknown): Cause => ({
  reason: 'FieldValueDuplicate',
  field,
  message: `Duplicate value: ${shown(value)}`,
});

/** The value is well formed but this object may not carry it. */
export const notAllowed = (field: string, why: string): Cause => ({
  reason: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${why}`,
});

export const unknownTarget = (field: string, value: unknown, why: string): Cause => ({
  reason: 'FieldValueNotFound',
  field,
  message: `Not found: ${shown(value)}: ${why}`,
});

/** For fields that are empty at first, filled once (by placement, by a controller) and fixed from then on. */
export const fixedOnceSet = (field: string, value: unknown, old: unknown): readonly Cause[] =>
  old === undefined || old === value ? [] : [invalidValue(field, value ?? '', 'field is immutable')];
