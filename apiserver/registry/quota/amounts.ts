/** Amounts of resources by name, added up exactly. */
import { parseQuantity } from '../../api/quantity.ts';

/** Amount by name of the resource, times 10^9 as in `Quantity`. */
export type Usage = ReadonlyMap<string, bigint>;
export type Amounts = Readonly<Record<string, string | number>>;

/** One whole thing. */
export const UNIT = 1_000_000_000n;

/** 0 for what is absent; what is stored is a quantity. */
export const amount = (value: string | number | undefined): bigint =>
  value === undefined ? 0n : (parseQuantity(value)?.nano ?? 0n);

export const usageOfAmounts = (amounts: Amounts | undefined): Usage =>
  new Map(Object.entries(amounts ?? {}).map(([name, value]) => [name, amount(value)]));

export function sum(a: Usage, b: Usage): Usage {
  const total = new Map(a);
  for (const [name, value] of b) total.set(name, (total.get(name) ?? 0n) + value);
  return total;
}

/** The larger one, name by name. */
export function largest(a: Usage, b: Usage): Usage {
  const result = new Map(a);
  for (const [name, value] of b) {
    const known = result.get(name);
    if (known === undefined || value > known) result.set(name, value);
  }
  return result;
}
