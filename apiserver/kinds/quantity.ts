/** Kubernetes quantities as plain numbers, for conditions and cells that compare or show amounts. */
import { parseQuantity } from '../api/quantity.ts';

/** The amount in base units, exact to 15 digits; NaN when it is no quantity. */
export function quantityValue(quantity: string | number): number {
  const parsed = parseQuantity(quantity);
  return parsed === undefined ? Number.NaN : Number(parsed.nano) / 1e9;
}
