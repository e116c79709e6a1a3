/**
 * The ways one field can be wrong, in Kubernetes' words: builders of `Cause` for validation and for the `check`
 * of a kind. source: apimachinery pkg/util/validation/field/errors.go.
 */
import type { Cause, CauseReason } from './errors.ts';

/** Stands for a value that must not be shown, such as one at a secret path. */
export const OMITTED: unique symbol = Symbol('omitted value');

/** Longer values are cut in messages, so that an answer never repeats a body. In characters. */
const MAX_SHOWN = 512;

export const cause = {
  required: (field: string, detail = ''): Cause =>
    make('FieldValueRequired', field, `Required value`, detail),

  invalid: (field: string, value: unknown, detail: string): Cause =>
    make('FieldValueInvalid', field, `Invalid value${show(value)}`, detail),

  typeInvalid: (field: string, value: unknown, detail: string): Cause =>
    make('FieldValueTypeInvalid', field, `Invalid value${show(value)}`, detail),

  notSupported: (field: string, value: unknown, supported: readonly string[]): Cause =>
    make(
      'FieldValueNotSupported',
      field,
      `Unsupported value${show(value)}`,
      supported.length === 0
        ? ''
        : `supported values: ${supported.map((item) => JSON.stringify(item)).join(', ')}`,
    ),

  duplicate: (field: string, value: unknown): Cause =>
    make('FieldValueDuplicate', field, `Duplicate value${show(value)}`, ''),

  /** The value names something that does not exist. */
  notFound: (field: string, value: unknown, detail = ''): Cause =>
    make('FieldValueNotFound', field, `Not found${show(value)}`, detail),

  /** The value is well formed but not permitted now. */
  forbidden: (field: string, detail: string): Cause =>
    make('FieldValueForbidden', field, 'Forbidden', detail),

  tooLong: (field: string, maxBytes: number): Cause =>
    make(
      'FieldValueTooLong',
      field,
      'Too long',
      `may not be more than ${maxBytes} ${maxBytes === 1 ? 'byte' : 'bytes'}`,
    ),

  tooMany: (field: string, actual: number, max: number): Cause =>
    make(
      'FieldValueTooMany',
      field,
      `Too many: ${actual}`,
      `must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
    ),

  /** For a field that must keep its value after creation. */
  immutable: (field: string, value: unknown): Cause => cause.invalid(field, value, 'field is immutable'),
} as const;

function make(reason: CauseReason, field: string, head: string, detail: string): Cause {
  return { reason, message: detail === '' ? head : `${head}: ${detail}`, field };
}

function show(value: unknown): string {
  if (value === OMITTED) return '';
  const text = value === undefined ? '""' : JSON.stringify(value);
  return `: ${text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text}`;
}
