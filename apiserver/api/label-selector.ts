/**
 * Label selectors as they stand in a query: `a=b,c!=d,e in (f,g),!h,i`.
 * source: apimachinery pkg/labels/selector.go (grammar and wording).
 */
import { badRequest } from './errors.ts';
import { cause } from './causes.ts';
import type { Cause } from './errors.ts';
import { labelValueProblems, qualifiedNameProblems } from './names.ts';

/** `=` and `==` are `in` with one value, `!=` is `notin` with one. */
type Operator = 'in' | 'notin' | '>' | '<' | 'exists' | '!';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

export type LabelMatcher = (labels: Readonly<Record<string, string>>) => boolean;

/** All must hold. Throws `ApiError` BadRequest with upstream's wording. */
export const parseLabelRequirements = (text: string): readonly LabelRequirement[] =>
  new Parser(text).selector();

/** `undefined` when the selector selects everything. Throws `ApiError` BadRequest with upstream's wording. */
export function parseLabelSelector(text: string): LabelMatcher | undefined {
  const requirements = parseLabelRequirements(text);
  const [first] = requirements;
  if (first === undefined) return undefined;
  if (requirements.length === 1) return (labels) => matches(first, labels);
  return (labels) => requirements.every((requirement) => matches(requirement, labels));
}

function matches(requirement: LabelRequirement, labels: Readonly<Record<string, string>>): boolean {
  const { key, operator, values } = requirement;
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case '>':
    case '<':
      return value !== undefined && compares(operator, value, values[0] ?? '');
  }
}

function compares(operator: '>' | '<', value: string, bound: string): boolean {
  const left = int64(value);
  const right = int64(bound);
  if (left === undefined || right === undefined) return false;
  return operator === '>' ? left > right : left < right;
}

function int64(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]{1,64}$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

const TOKEN = /[ \t\r\n]*([!=]=|[=!(),<>]|[^ \t\r\n=!(),<>]+|$)/y;
const SYMBOL = /^[=!(),<>]/;

interface Binary {
  readonly operator: Operator;
  /** Followed by values in parentheses. */
  readonly set: boolean;
}
const BINARY: ReadonlyMap<string, Binary> = new Map([
  ['in', { operator: 'in', set: true }],
  ['notin', { operator: 'notin', set: true }],
  ['=', { operator: 'in', set: false }],
  ['==', { operator: 'in', set: false }],
  ['!=', { operator: 'notin', set: false }],
  ['>', { operator: '>', set: false }],
  ['<', { operator: '<', set: false }],
]);
const OPERATORS = 'in, notin, =, ==, !=, gt, lt';
const END = '';

class Parser {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
      this.#tokens.push(match[1] ?? END);
      if (match[1] === END) break;
    }
    TOKEN.lastIndex = 0;
  }

  selector(): readonly LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    if (this.#peek() === END) return requirements;
    if (!startsRequirement(this.#peek())) {
      throw wrong(`found '${this.#peek()}', expected: !, identifier, or 'end of string'`);
    }
    for (;;) {
      requirements.push(this.#requirement());
      const separator = this.#take();
      if (separator === END) return requirements;
      if (separator !== ',') throw wrong(`found '${separator}', expected: ',' or 'end of string'`);
      if (!startsRequirement(this.#peek())) {
        throw wrong(`found '${this.#peek()}', expected: identifier after ','`);
      }
    }
  }

  #requirement(): LabelRequirement {
    const absent = this.#peek() === '!';
    if (absent) this.#take();
    const key = this.#take();
    if (!isIdentifier(key)) throw unparsable(`found '${key}', expected: identifier`);
    const problems = qualifiedNameProblems(key);
    if (problems.length > 0) throw unparsable(complaint(cause.invalid('<nil>', key, problems.join('; '))));
    if (absent) return { key, operator: '!', values: [] };
    if (this.#peek() === END || this.#peek() === ',') return { key, operator: 'exists', values: [] };
    const { operator, set } = this.#operator();
    const values = set ? this.#values() : [this.#value()];
    check(key, operator, values);
    return { key, operator, values };
  }

  #operator(): Binary {
    const token = this.#take();
    const binary = BINARY.get(token);
    if (binary === undefined) throw unparsable(`found '${token}', expected: ${OPERATORS}`);
    return binary;
  }

  #value(): string {
    const token = this.#peek();
    if (token === END || token === ',') return '';
    if (!isIdentifier(token)) throw unparsable(`found '${token}', expected: identifier`);
    return this.#take();
  }

  /** `(a,b)`, where every place between commas may be empty and then stands for the empty value. */
  #values(): readonly string[] {
    const open = this.#take();
    if (open !== '(') throw unparsable(`found '${open}' expected: '('`);
    const first = this.#peek();
    if (!isIdentifier(first) && first !== ',' && first !== ')') {
      throw unparsable(`found '${first}', expected: ',', ')' or identifier`);
    }
    const values = new Set<string>();
    for (;;) {
      values.add(isIdentifier(this.#peek()) ? this.#take() : '');
      const next = this.#take();
      if (next === ')') return [...values].sort();
      if (next !== ',') throw unparsable(`found '${next}', expected: ',' or ')'`);
      if (!isIdentifier(this.#peek()) && this.#peek() !== ',' && this.#peek() !== ')') {
        throw unparsable(`found '${this.#peek()}', expected: ',', or identifier`);
      }
    }
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? END;
  }
  #take(): string {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }
}

function check(key: string, operator: Operator, values: readonly string[]): void {
  const causes: Cause[] = [];
  for (const [index, value] of values.entries()) {
    if ((operator === '>' || operator === '<') && int64(value) === undefined) {
      const rule = "for 'Gt', 'Lt' operators, the value must be an integer";
      causes.push(cause.invalid(`values[${index}]`, value, rule));
    }
  }
  for (const [index, value] of values.entries()) {
    const problems = labelValueProblems(value);
    if (problems.length > 0)
      causes.push(cause.invalid(`values[${index}][${key}]`, value, problems.join('; ')));
  }
  const texts = causes.map(complaint);
  if (texts.length > 0) throw unparsable(texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`);
}

const complaint = (problem: Cause): string => `${problem.field ?? ''}: ${problem.message}`;
const isIdentifier = (token: string): boolean => token !== END && !SYMBOL.test(token);
const startsRequirement = (token: string): boolean => isIdentifier(token) || token === '!';
const wrong = (message: string): Error => badRequest(message);
const unparsable = (message: string): Error => badRequest(`unable to parse requirement: ${message}`);
