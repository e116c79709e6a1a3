/**
 * Kubernetes quantities such as 500m, 1.5Gi or 2e3: parse, compare, add and write in canonical form.
 * source: apimachinery pkg/api/resource/quantity.go. Values are exact to 10^-9 and rounded up (away from zero)
 * beyond that; binary quantities above 2^63-1 are capped, as upstream does.
 */

type Format = 'decimal' | 'binary' | 'exponent';

/** `nano` is the value times 10^9. */
export interface Quantity {
  readonly nano: bigint;
  /** The family of suffixes it was written in; kept when it is written again. */
  readonly format: Format;
}

export const QUANTITY_PATTERN = '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$';
/** What kube-apiserver says about a malformed quantity. */
export const QUANTITY_COMPLAINT = `quantities must match the regular expression '${QUANTITY_PATTERN}'`;

const QUANTITY = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]{1,3}))?$/;
/** Longer text is refused before it is looked at. In characters. */
const MAX_TEXT = 128;
const NANO = 1_000_000_000n;
const MAX_NANO = (2n ** 63n - 1n) * NANO;

/** Suffix to exponent of ten. */
const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;

/** `undefined` when the text is no quantity. Numbers are read as they are written in JSON. */
export function parseQuantity(value: string | number): Quantity | undefined {
  const text = String(value);
  const match = text.length > MAX_TEXT ? null : QUANTITY.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', suffix = '', exponent] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(whole + fraction);
  const scale = scaleOf(suffix, exponent);
  const nano = scaled(digits * scale.factor, scale.tens + 9 - fraction.length);
  const capped = scale.format === 'binary' && nano > MAX_NANO ? MAX_NANO : nano;
  return { nano: sign === '-' ? -capped : capped, format: scale.format };
}

/** Negative, zero or positive, as a sort function wants it. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  if (a.nano === b.nano) return 0;
  return a.nano < b.nano ? -1 : 1;
}

/** The sum, in the format of `a` (of `b` when `a` is zero). */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano + b.nano, format: a.nano === 0n ? b.format : a.format };
}

/** Canonical form: no fraction, the largest suffix that loses nothing. */
export function formatQuantity(quantity: Quantity): string {
  const { nano, format } = quantity;
  if (nano === 0n) return '0';
  if (format === 'binary' && isBinary(nano)) return formatBinary(nano / NANO);
  let power = 0;
  let mantissa = nano;
  const last = format === 'exponent' ? Number.POSITIVE_INFINITY : DECIMAL_SUFFIXES.length - 1;
  while (power < last && mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    power += 1;
  }
  if (format !== 'exponent') return `${mantissa}${DECIMAL_SUFFIXES[power] ?? ''}`;
  const tens = power * 3 - 9;
  return tens === 0 ? String(mantissa) : `${mantissa}e${tens}`;
}

/** `undefined` when the text is no quantity. */
export function canonicalQuantity(value: string | number): string | undefined {
  const quantity = parseQuantity(value);
  return quantity === undefined ? undefined : formatQuantity(quantity);
}

/** source: upstream writes small and fractional binary quantities with decimal suffixes, so that nothing is lost. */
function isBinary(nano: bigint): boolean {
  const limit = 1024n * NANO;
  return (nano <= -limit || nano >= limit) && nano % NANO === 0n;
}

function formatBinary(value: bigint): string {
  let mantissa = value;
  let power = 0;
  while (power < BINARY_SUFFIXES.length - 1 && mantissa % 1024n === 0n) {
    mantissa /= 1024n;
    power += 1;
  }
  return `${mantissa}${BINARY_SUFFIXES[power] ?? ''}`;
}

interface Scale {
  readonly factor: bigint;
  readonly tens: number;
  readonly format: Format;
}

function scaleOf(suffix: string, exponent: string | undefined): Scale {
  if (exponent !== undefined) return { factor: 1n, tens: Number(exponent), format: 'exponent' };
  const power = BINARY_SUFFIXES.indexOf(suffix as (typeof BINARY_SUFFIXES)[number]);
  if (power > 0) return { factor: 1024n ** BigInt(power), tens: 0, format: 'binary' };
  return { factor: 1n, tens: DECIMAL[suffix] ?? 0, format: 'decimal' };
}

function scaled(value: bigint, tens: number): bigint {
  return tens >= 0 ? value * 10n ** BigInt(tens) : roundUp(value, 10n ** BigInt(-tens));
}

/** Away from zero. */
function roundUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (value % divisor === 0n) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}
