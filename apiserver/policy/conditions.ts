/**
 * Conditions of access policies, compiled once from their closed syntax tree to pure functions. No expression text,
 * no regular expressions, no I/O. Whatever cannot be known fails closed by effect: it never allows and always denies.
 */
import { isIP } from 'node:net';
import { at, isObject, type Json, type JsonObject } from '../api/json.ts';
import { compileCidr, compileSelector, compileWindow, quantityOf } from './operators.ts';
import type { Effect } from './model.ts';

/**
 * `missing`: an attribute is not there. `unknown`: it depends on an object that is decided about later.
 * Combined as in Kleene's logic, so the order of operands never matters.
 */
export type Truth = boolean | 'missing' | 'unknown';

/** Everything a condition can look at. */
export interface Facts {
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Address the request came from, when it is known. */
  readonly sourceAddress?: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /**
   * `later`: the object is not known yet and will be asked about again. `none`: there is no such object.
   * Otherwise the object as it stands, or as it would be written together with what it replaces.
   */
  readonly object: JsonObject | 'later' | 'none';
  /** Set when a write is decided with both states at hand; undefined object on create. */
  readonly replaces?: { readonly object: JsonObject | undefined };
  /** A write whose new state comes later: fields may still change. */
  readonly mayChange: boolean;
  /** Additional attributes of a hypothetical question; they stand in for missing ones. */
  readonly assumed?: Readonly<Record<string, string>>;
}

export interface Condition {
  /** Its JSON text: equal text, equal meaning. */
  readonly text: string;
  readonly usesObject: boolean;
  /** The answer may change by time alone. */
  readonly usesTime: boolean;
  readonly evaluate: (facts: Facts) => Truth;
}

type Evaluate = (facts: Facts) => Truth;
interface Uses {
  object: boolean;
  time: boolean;
}

/** Whether a condition lets its rule match. */
export function holds(truth: Truth, effect: Effect): boolean {
  if (typeof truth === 'boolean') return truth;
  // Later there is a second decision with the object at hand, so nothing is lost by letting the request go on.
  if (truth === 'unknown') return effect === 'allow';
  return effect === 'deny';
}

/** A tree that is not understood (an older or damaged object) evaluates to `missing`. */
export function compileCondition(tree: unknown): Condition {
  const uses: Uses = { object: false, time: false };
  const evaluate = node(tree, uses);
  return { text: JSON.stringify(tree), usesObject: uses.object, usesTime: uses.time, evaluate };
}

/** All must hold. */
export function both(first: Condition | undefined, second: Condition | undefined): Condition | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    text: `${first.text}&&${second.text}`,
    usesObject: first.usesObject || second.usesObject,
    usesTime: first.usesTime || second.usesTime,
    evaluate: (facts) => every([first.evaluate, second.evaluate], facts),
  };
}

const MISSING: Evaluate = () => 'missing';

function node(tree: unknown, uses: Uses): Evaluate {
  if (!isObject(tree)) return MISSING;
  const [[operator, operand] = ['', undefined], ...rest] = Object.entries(tree);
  if (rest.length > 0 || operand === undefined) return MISSING;
  switch (operator) {
    case 'all':
    case 'any': {
      if (!Array.isArray(operand) || operand.length === 0) return MISSING;
      const children = operand.map((child) => node(child, uses));
      return operator === 'all' ? (facts) => every(children, facts) : (facts) => some(children, facts);
    }
    case 'not': {
      const child = node(operand, uses);
      return (facts) => negate(child(facts));
    }
    default:
      return isObject(operand) ? leaf(operator, operand, uses) : MISSING;
  }
}

function every(children: readonly Evaluate[], facts: Facts): Truth {
  return negate(
    some(
      children.map((child) => (): Truth => negate(child(facts))),
      facts,
    ),
  );
}

function some(children: readonly Evaluate[], facts: Facts): Truth {
  let result: Truth = false;
  for (const child of children) {
    const truth = child(facts);
    if (truth === true) return true;
    if (truth === 'unknown' || (truth === 'missing' && result === false)) result = truth;
  }
  return result;
}

const negate = (truth: Truth): Truth => (typeof truth === 'boolean' ? !truth : truth);

function leaf(operator: string, operand: JsonObject, uses: Uses): Evaluate {
  switch (operator) {
    case 'exists':
      return existence(operand, uses);
    case 'changed':
      return change(operand, uses);
    case 'timeWindow': {
      uses.time = true;
      const open = compileWindow(operand);
      return open === undefined ? MISSING : (facts) => open(facts.nowMs);
    }
    case 'labelSelector': {
      uses.object = true;
      const matches = compileSelector(operand);
      return matches === undefined
        ? MISSING
        : (facts) => onObject(facts, (object) => matches(labelsOf(object)));
    }
    default: {
      const test = comparison(operator, operand);
      const read = reader(operand['attribute'], uses);
      return test === undefined || read === undefined ? MISSING : (facts) => known(read(facts), test);
    }
  }
}

/** The test of an operator that compares one attribute with given strings. */
function comparison(operator: string, operand: JsonObject): ((value: string) => Truth) | undefined {
  const { value, values } = operand;
  const many = strings(values);
  switch (operator) {
    case 'in':
      return many === undefined ? undefined : (given) => many.includes(given);
    case 'notIn':
      return many === undefined ? undefined : (given) => !many.includes(given);
    case 'cidr': {
      const ranges = many === undefined ? undefined : compileCidr(many);
      return ranges === undefined ? undefined : (given) => (isIP(given) === 0 ? 'missing' : ranges(given));
    }
    default:
      return typeof value === 'string' ? oneValue(operator, value) : undefined;
  }
}

function oneValue(operator: string, wanted: string): ((value: string) => Truth) | undefined {
  switch (operator) {
    case 'eq':
      return (given) => given === wanted;
    case 'ne':
      return (given) => given !== wanted;
    case 'prefix':
      return (given) => given.startsWith(wanted);
    case 'suffix':
      return (given) => given.endsWith(wanted);
    case 'quantityLte': {
      const limit = quantityOf(wanted);
      if (limit === undefined) return undefined;
      return (given) => {
        const amount = quantityOf(given);
        return amount === undefined ? 'missing' : amount <= limit;
      };
    }
    default:
      return undefined;
  }
}

const LATER: unique symbol = Symbol('later');
type Read = (facts: Facts) => string | undefined | typeof LATER;

const known = (value: string | undefined | typeof LATER, test: (value: string) => Truth): Truth => {
  if (value === LATER) return 'unknown';
  return value === undefined ? 'missing' : test(value);
};

/** Reads one attribute; undefined when there is no attribute of that name. */
function reader(attribute: unknown, uses: Uses): Read | undefined {
  if (typeof attribute !== 'string') return undefined;
  switch (attribute) {
    case 'user':
    case 'verb':
    case 'resource':
    case 'subresource':
    case 'namespace':
      return (facts) => facts[attribute];
    case 'sourceAddress':
      return (facts) => facts.sourceAddress ?? assumed(facts, attribute);
    default:
      return objectReader(attribute, uses);
  }
}

function objectReader(attribute: string, uses: Uses): Read | undefined {
  const extract = extractor(attribute);
  if (extract === undefined) return undefined;
  uses.object = true;
  return (facts) => {
    const { object } = facts;
    if (attribute === 'name' && facts.name !== '') return facts.name;
    const given = assumed(facts, attribute);
    if (object === 'later') return given ?? LATER;
    return object === 'none' ? given : (text(extract(object, facts)) ?? given);
  };
}

function extractor(attribute: string): ((object: JsonObject, facts: Facts) => unknown) | undefined {
  if (attribute === 'name') return (object) => at(object, 'metadata.name');
  if (attribute === 'environment') return environmentOf;
  if (attribute.startsWith('spec.')) return (object) => at(object, attribute);
  if (!attribute.startsWith('labels.')) return undefined;
  const label = attribute.slice('labels.'.length);
  return (object) => {
    const labels = labelsOf(object);
    return Object.hasOwn(labels, label) ? labels[label] : undefined;
  };
}

/** An Environment is its own environment; other kinds name theirs. */
export function environmentOf(object: JsonObject): unknown {
  if (object['kind'] === 'Environment') return at(object, 'metadata.name');
  return at(object, 'spec.environment') ?? at(object, 'spec.environmentRef.name');
}

const assumed = (facts: Facts, attribute: string): string | undefined =>
  facts.assumed !== undefined && Object.hasOwn(facts.assumed, attribute)
    ? facts.assumed[attribute]
    : undefined;

/** Scalars in one canonical spelling, so that nothing is equal to something of another type by accident. */
function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function existence(operand: JsonObject, uses: Uses): Evaluate {
  const read = reader(operand['attribute'], uses);
  if (read === undefined) return MISSING;
  return (facts) => {
    const value = read(facts);
    if (value === LATER) return 'unknown';
    return value !== undefined && value !== '';
  };
}

function change(operand: JsonObject, uses: Uses): Evaluate {
  const { field } = operand;
  if (typeof field !== 'string') return MISSING;
  uses.object = true;
  return (facts) => {
    if (facts.replaces !== undefined && isObject(facts.object)) {
      return !same(at(facts.replaces.object, field), at(facts.object, field));
    }
    return facts.mayChange || facts.object === 'later' ? 'unknown' : false;
  };
}

/** Structural equality of JSON values, whatever the order of keys. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
  );
}

function onObject(facts: Facts, test: (object: JsonObject) => Truth): Truth {
  if (facts.object === 'later') return 'unknown';
  return facts.object === 'none' ? 'missing' : test(facts.object);
}

/** Labels of an object, or nothing; values that are no strings do not count. */
export function labelsOf(object: JsonObject | undefined): Readonly<Record<string, Json>> {
  const labels = at(object, 'metadata.labels');
  return isObject(labels) ? labels : {};
}

function strings(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.every((item): item is string => typeof item === 'string') ? value : undefined;
}
