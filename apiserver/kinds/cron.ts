/** Cron expressions: five fields, names of months and days, the usual @words. source: cron(5), robfig/cron's standard parser. */

/** The values at which a schedule ticks. `anyDay` and `anyWeekday` tell which of the two day fields restricts it. */
export interface Cron {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  readonly anyDay: boolean;
  readonly anyWeekday: boolean;
}
export type ParsedCron =
  { readonly ok: true; readonly cron: Cron } | { readonly ok: false; readonly why: string };

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly words: readonly string[];
}
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MINUTE: Field = { name: 'minute', from: 0, to: 59, words: [] };
const HOUR: Field = { name: 'hour', from: 0, to: 23, words: [] };
const DAY: Field = { name: 'day of the month', from: 1, to: 31, words: [] };
const MONTH: Field = { name: 'month', from: 1, to: 12, words: MONTHS };
const WEEKDAY: Field = { name: 'day of the week', from: 0, to: 6, words: WEEKDAYS };
const WORDS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const MAX_CRON = 256;

class CronProblem extends Error {}

/** Reads an expression; `why` is fit for a message to the user. */
export function parseCron(text: string): ParsedCron {
  if (text.length > MAX_CRON) return { ok: false, why: `must be no more than ${MAX_CRON} characters` };
  const expression = Object.hasOwn(WORDS, text) ? (WORDS[text] ?? text) : text;
  if (expression.startsWith('@'))
    return { ok: false, why: `unknown word, use one of ${Object.keys(WORDS).join(', ')}` };
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== 5) return { ok: false, why: `must have 5 fields, has ${parts.length}` };
  try {
    return { ok: true, cron: readFields(parts) };
  } catch (error) {
    if (error instanceof CronProblem) return { ok: false, why: error.message };
    throw error;
  }
}

function readFields([minute = '', hour = '', day = '', month = '', weekday = '']: readonly string[]): Cron {
  return {
    minutes: values(minute, MINUTE),
    hours: values(hour, HOUR),
    days: values(day, DAY),
    months: values(month, MONTH),
    weekdays: values(weekday, WEEKDAY),
    anyDay: isAny(day),
    anyWeekday: isAny(weekday),
  };
}

const isAny = (part: string): boolean => part === '*' || part === '?';

function values(text: string, field: Field): Set<number> {
  const found = new Set<number>();
  for (const item of text.split(',')) {
    const [range = '', step, ...rest] = item.split('/');
    if (rest.length > 0) throw new CronProblem(`${field.name}: too many slashes in "${item}"`);
    const [from, to] = bounds(range, field, step !== undefined);
    const stride = step === undefined ? 1 : whole(step, `${field.name}: step`);
    if (stride === 0) throw new CronProblem(`${field.name}: step must be positive`);
    for (let value = from; value <= to; value += stride) found.add(value % cycle(field));
  }
  return found;
}

/** Days of the week may be written 0 to 7; both ends are Sunday. */
const cycle = (field: Field): number => (field.words === WEEKDAYS ? 7 : 60);

function bounds(range: string, field: Field, stepped: boolean): readonly [number, number] {
  if (isAny(range)) return [field.from, field.to];
  const [first = '', last, ...rest] = range.split('-');
  if (rest.length > 0) throw new CronProblem(`${field.name}: too many hyphens in "${range}"`);
  const from = value(first, field);
  const to = last === undefined ? (stepped ? field.to : from) : value(last, field);
  if (from > to) throw new CronProblem(`${field.name}: ${range} ends before it starts`);
  return [from, to];
}

function value(text: string, field: Field): number {
  const word = field.words.indexOf(text.toLowerCase());
  if (word >= 0) return word + field.from;
  const number = whole(text, field.name);
  const to = field.words === WEEKDAYS ? 7 : field.to;
  if (number < field.from || number > to) {
    throw new CronProblem(`${field.name}: ${number} is not between ${field.from} and ${to}`);
  }
  return number;
}

function whole(text: string, name: string): number {
  if (!/^[0-9]{1,4}$/.test(text)) throw new CronProblem(`${name}: "${text}" is not a number`);
  return Number(text);
}
