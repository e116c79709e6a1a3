/** The operators of conditions that need more than a comparison: selectors, address ranges, amounts, time windows. */
import { BlockList, isIP } from 'node:net';
import { isObject, type Json, type JsonObject } from '../api/json.ts';
import { quantityValue } from '../kinds/quantity.ts';

type Labels = Readonly<Record<string, Json>>;

/** source: meta/v1 LabelSelector. undefined: not a selector. */
export function compileSelector(selector: unknown): ((labels: Labels) => boolean) | undefined {
  if (!isObject(selector)) return undefined;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  if (!isObject(matchLabels) || !Array.isArray(matchExpressions)) return undefined;
  const tests: ((labels: Labels) => boolean)[] = [];
  for (const [key, value] of Object.entries(matchLabels)) tests.push((labels) => own(labels, key) === value);
  for (const expression of matchExpressions) {
    const test = isObject(expression) ? requirement(expression) : undefined;
    if (test === undefined) return undefined;
    tests.push(test);
  }
  return (labels) => tests.every((test) => test(labels));
}

const own = (labels: Labels, key: string): Json | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;

function requirement(expression: JsonObject): ((labels: Labels) => boolean) | undefined {
  const { key, operator } = expression;
  const values: readonly Json[] = Array.isArray(expression['values']) ? expression['values'] : [];
  if (typeof key !== 'string' || typeof operator !== 'string') return undefined;
  const isOneOf = (labels: Labels): boolean => {
    const value = own(labels, key);
    return value !== undefined && values.includes(value);
  };
  switch (operator) {
    case 'In':
      return isOneOf;
    case 'NotIn':
      return (labels) => !isOneOf(labels);
    case 'Exists':
      return (labels) => own(labels, key) !== undefined;
    case 'DoesNotExist':
      return (labels) => own(labels, key) === undefined;
    default:
      return undefined;
  }
}

/** Whether an address lies in one of the ranges; undefined when a range is malformed. */
export function compileCidr(ranges: readonly string[]): ((address: string) => boolean) | undefined {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits = ''] = range.split('/');
    const family = isIP(address);
    const prefix = bits === '' ? Number.NaN : Number(bits);
    if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > (family === 4 ? 32 : 128))
      return undefined;
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

/** A Kubernetes quantity as a number; undefined when it is none. Exact enough to compare amounts. */
export function quantityOf(text: string): number | undefined {
  const value = quantityValue(text);
  return Number.isNaN(value) ? undefined : value;
}

const MINUTE_MS = 60_000;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Whether a moment lies in a weekly window; `from` after `to` wraps over midnight and belongs to the first day. */
export function compileWindow(window: JsonObject): ((ms: number) => boolean) | undefined {
  const from = minutesOf(window['from']);
  const to = minutesOf(window['to']);
  const timeZone = window['timezone'] ?? 'UTC';
  const days = window['days'] ?? DAYS;
  if (from === undefined || to === undefined || typeof timeZone !== 'string' || !Array.isArray(days))
    return undefined;
  const clock = localClock(timeZone);
  if (clock === undefined) return undefined;
  return (ms) => {
    const { day, minute } = clock(ms);
    const isOn = (index: number): boolean => days.includes(DAYS[(index + 7) % 7] ?? '');
    if (from <= to) return isOn(day) && minute >= from && minute < to;
    return (isOn(day) && minute >= from) || (isOn(day - 1) && minute < to);
  };
}

function minutesOf(time: Json | undefined): number | undefined {
  if (typeof time !== 'string' || time.length !== 5 || time[2] !== ':') return undefined;
  const [hours, minutes] = [Number(time.slice(0, 2)), Number(time.slice(3))];
  const valid = Number.isInteger(hours) && Number.isInteger(minutes) && hours >= 0 && hours < 24;
  return valid && minutes >= 0 && minutes < 60 ? hours * 60 + minutes : undefined;
}

interface LocalTime {
  /** 0 is Sunday. */
  readonly day: number;
  readonly minute: number;
}

function localClock(timeZone: string): ((ms: number) => LocalTime) | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
    });
  } catch {
    return undefined;
  }
  // Formatting costs microseconds and the answer holds for a minute.
  let last = { at: Number.NaN, local: { day: 0, minute: 0 } };
  return (ms) => {
    const minute = Math.floor(ms / MINUTE_MS);
    if (last.at === minute) return last.local;
    const parts = new Map(format.formatToParts(ms).map((part) => [part.type, part.value]));
    const local = {
      day: DAYS.indexOf(parts.get('weekday') ?? ''),
      minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
    };
    last = { at: minute, local };
    return local;
  };
}
