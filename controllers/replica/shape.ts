/** What a value from the other side of the link must look like, down to its last member. */
import { isObject } from '../../apiserver/api/json.ts';

export interface Shape {
  /** Completes "must be ...". */
  readonly name: string;
  fits(value: unknown): boolean;
}

export const text = (maxLength: number): Shape => ({
  name: `a string of at most ${maxLength} characters`,
  fits: (value) => typeof value === 'string' && value.length <= maxLength,
});
export const whole: Shape = {
  name: 'a whole number of 0 or more',
  fits: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};
export const flag: Shape = { name: 'true or false', fits: (value) => typeof value === 'boolean' };
export const oneOf = (values: readonly string[]): Shape => ({
  name: `one of ${values.join(', ')}`,
  fits: (value) => values.some((known) => known === value),
});
export const listOf = (maxItems: number, item: Shape): Shape => ({
  name: `a list of at most ${maxItems}, each ${item.name}`,
  fits: (value) => Array.isArray(value) && value.length <= maxItems && value.every((each) => item.fits(each)),
});
/** Exactly these members. */
export function record(members: Readonly<Record<string, Shape>>): Shape {
  const entries = Object.entries(members);
  return {
    name: `an object of ${entries.map(([name]) => name).join(', ')}`,
    fits: (value) =>
      isObject(value) &&
      Object.keys(value).length === entries.length &&
      entries.every(([name, shape]) => Object.hasOwn(value, name) && shape.fits(value[name])),
  };
}
