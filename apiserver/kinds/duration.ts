/** Lengths of time in specs: the field and its value in seconds. */
import { str, type Node } from '../api/schema.ts';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const PART = /([0-9]{1,6})([smhd])/g;

/** Whole units joined without spaces: 90d, 1h30m, 45s. */
export const duration = (description: string, options: { readonly default?: string } = {}): Node<string> =>
  str(`${description} Whole units joined without spaces, such as 90d or 1h30m.`, {
    minLength: 2,
    maxLength: 32,
    pattern: '^([0-9]{1,6}[smhd])+$',
    ...options,
  });

/** Seconds of a text that the schema has accepted. */
export function durationSeconds(text: string): number {
  let seconds = 0;
  for (const [, amount = '0', unit = 's'] of text.matchAll(PART)) {
    seconds += Number(amount) * (SECONDS[unit] ?? 0);
  }
  return seconds;
}
