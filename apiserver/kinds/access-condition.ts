/** The closed condition language of access policies: its syntax tree, its attributes and its limits. */
import { parseQuantity } from '../api/quantity.ts';
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import { isObject, type JsonObject } from '../api/json.ts';
import type { LabelSelector } from './fields.ts';

export const MAX_CONDITION_NODES = 64;
export const MAX_CONDITION_DEPTH = 6;
export const MAX_CONDITION_BYTES = 4096;

type Days = 'Mon' | 'Tue' | 'Wed' | 'Thu' | 'Fri' | 'Sat' | 'Sun';
const DAYS: readonly string[] = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] satisfies readonly Days[];

/** One node; exactly one key. An attribute that is missing at run time never grants and always refuses. */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | { readonly eq: OneValue }
  | { readonly ne: OneValue }
  | { readonly in: ManyValues }
  | { readonly notIn: ManyValues }
  | { readonly exists: { readonly attribute: string } }
  | { readonly prefix: OneValue }
  | { readonly suffix: OneValue }
  | { readonly cidr: ManyValues }
  | { readonly quantityLte: OneValue }
  | { readonly labelSelector: LabelSelector }
  | { readonly changed: { readonly field: string } }
  | { readonly timeWindow: TimeWindow };
interface OneValue {
  readonly attribute: string;
  readonly value: string;
}
interface ManyValues {
  readonly attribute: string;
  readonly values: readonly string[];
}
/** Local times HH:MM in an IANA time zone; `from` after `to` wraps over midnight. */
interface TimeWindow {
  readonly days?: readonly Days[];
  readonly from: string;
  readonly to: string;
  readonly timezone?: string;
}

/** Attributes every request has; beside them `spec.<path>` and `labels.<key>` read the object itself. */
export const CONDITION_ATTRIBUTES = [
  'environment',
  'name',
  'namespace',
  'resource',
  'sourceAddress',
  'subresource',
  'user',
  'verb',
] as const;
const OBJECT_PATH = /^(spec(\.[a-zA-Z][a-zA-Z0-9]*)+|labels\.[a-zA-Z0-9][a-zA-Z0-9./_-]*)$/;
const FIELD = /^(spec|metadata)(\.[a-zA-Z][a-zA-Z0-9]*)*$/;
const CLOCK = /^([01][0-9]|2[0-3]):[0-5][0-9]$/;
const CIDR = /^([0-9]{1,3}(\.[0-9]{1,3}){3}\/[0-9]{1,2}|[0-9a-fA-F:]{2,39}\/[0-9]{1,3})$/;

interface Walk {
  nodes: number;
}

/** Every problem of a condition, with the field path of the node that has it. */
export function checkCondition(value: unknown, field: string): readonly Cause[] {
  if (JSON.stringify(value).length > MAX_CONDITION_BYTES) {
    return [cause.invalid(field, '', `must be no more than ${MAX_CONDITION_BYTES} bytes`)];
  }
  return checkNode(value, field, 1, { nodes: 0 });
}

function checkNode(value: unknown, field: string, depth: number, walk: Walk): readonly Cause[] {
  walk.nodes += 1;
  if (depth > MAX_CONDITION_DEPTH) {
    return [cause.invalid(field, '', `must be nested no deeper than ${MAX_CONDITION_DEPTH} levels`)];
  }
  if (walk.nodes > MAX_CONDITION_NODES) {
    return [cause.invalid(field, '', `must have no more than ${MAX_CONDITION_NODES} nodes`)];
  }
  const operator = isObject(value) ? onlyKey(value) : undefined;
  if (!isObject(value) || operator === undefined) {
    return [cause.invalid(field, '', `must be an object with exactly one of ${OPERATORS.join(', ')}`)];
  }
  const at = `${field}.${operator}`;
  if (operator === 'all' || operator === 'any') return checkMany(value[operator], at, depth, walk);
  if (operator === 'not') return checkNode(value['not'], at, depth + 1, walk);
  return checkLeaf(operator, value[operator], field);
}

function onlyKey(value: JsonObject): string | undefined {
  const [key, ...others] = Object.keys(value);
  return others.length === 0 ? key : undefined;
}

function checkLeaf(operator: string, operand: unknown, field: string): readonly Cause[] {
  const check = Object.hasOwn(LEAVES, operator) ? LEAVES[operator] : undefined;
  if (check === undefined) {
    return [cause.invalid(field, operator, `unknown operator; use one of ${OPERATORS.join(', ')}`)];
  }
  const at = `${field}.${operator}`;
  return isObject(operand) ? check(operand, at) : [cause.invalid(at, operand, 'must be an object')];
}

function checkMany(value: unknown, field: string, depth: number, walk: Walk): readonly Cause[] {
  if (!Array.isArray(value) || value.length === 0) return [cause.required(field, 'at least one condition')];
  const causes: Cause[] = [];
  for (const [index, child] of value.entries()) {
    if (walk.nodes > MAX_CONDITION_NODES) break;
    causes.push(...checkNode(child, `${field}[${index}]`, depth + 1, walk));
  }
  return causes;
}

type Leaf = (operand: JsonObject, field: string) => readonly Cause[];

const anyText = (): true => true;
const LEAVES: Readonly<Record<string, Leaf>> = {
  eq: oneValue(anyText, ''),
  ne: oneValue(anyText, ''),
  prefix: oneValue(anyText, ''),
  suffix: oneValue(anyText, ''),
  quantityLte: oneValue(
    (text) => parseQuantity(text) !== undefined,
    'must be a quantity such as 500m, 2 or 1Gi',
  ),
  in: manyValues(anyText, ''),
  notIn: manyValues(anyText, ''),
  cidr: manyValues((text) => CIDR.test(text), 'must be an address range such as 10.0.0.0/8'),
  exists: (operand, field) => [...onlyKeys(operand, ['attribute'], field), ...checkAttribute(operand, field)],
  labelSelector: (operand, field) => onlyKeys(operand, ['matchLabels', 'matchExpressions'], field),
  changed: checkChanged,
  timeWindow: checkWindow,
};
const OPERATORS: readonly string[] = ['all', 'any', 'not', ...Object.keys(LEAVES)];

function onlyKeys(operand: JsonObject, known: readonly string[], field: string): readonly Cause[] {
  return Object.keys(operand)
    .filter((key) => !known.includes(key))
    .map((key) => cause.invalid(`${field}.${key}`, key, `unknown field; use ${known.join(', ')}`));
}

function checkAttribute(operand: JsonObject, field: string): readonly Cause[] {
  const { attribute } = operand;
  if (attribute === undefined) return [cause.required(`${field}.attribute`)];
  const known: readonly string[] = CONDITION_ATTRIBUTES;
  if (typeof attribute === 'string' && (known.includes(attribute) || OBJECT_PATH.test(attribute))) return [];
  const why = `unknown attribute; use ${known.join(', ')}, spec.<field> or labels.<key>`;
  return [cause.invalid(`${field}.attribute`, attribute, why)];
}

function oneValue(accepts: (text: string) => boolean, why: string): Leaf {
  return (operand, field) => {
    const { value } = operand;
    const at = `${field}.value`;
    return [
      ...onlyKeys(operand, ['attribute', 'value'], field),
      ...checkAttribute(operand, field),
      ...(typeof value !== 'string'
        ? [cause.required(at, 'a string')]
        : accepts(value)
          ? []
          : [cause.invalid(at, value, why)]),
    ];
  };
}

function manyValues(accepts: (text: string) => boolean, why: string): Leaf {
  return (operand, field) => {
    const values: unknown = operand['values'];
    const own = [...onlyKeys(operand, ['attribute', 'values'], field), ...checkAttribute(operand, field)];
    if (!Array.isArray(values) || values.length === 0) {
      return [...own, cause.required(`${field}.values`, 'at least one string')];
    }
    const wrong = values.flatMap((value: unknown, index) => {
      const at = `${field}.values[${index}]`;
      if (typeof value !== 'string') return [cause.invalid(at, value, 'must be a string')];
      return accepts(value) ? [] : [cause.invalid(at, value, why)];
    });
    return [...own, ...wrong];
  };
}

function checkChanged(operand: JsonObject, field: string): readonly Cause[] {
  const path = operand['field'];
  const unknown = onlyKeys(operand, ['field'], field);
  if (typeof path === 'string' && FIELD.test(path)) return unknown;
  return [...unknown, cause.invalid(`${field}.field`, path, 'must be a path below spec or metadata')];
}

function checkWindow(operand: JsonObject, field: string): readonly Cause[] {
  const causes = [...onlyKeys(operand, ['days', 'from', 'to', 'timezone'], field)];
  for (const key of ['from', 'to'] as const) {
    const time = operand[key];
    if (typeof time !== 'string' || !CLOCK.test(time)) {
      causes.push(cause.invalid(`${field}.${key}`, time, 'must be a time of day such as 08:30'));
    }
  }
  const { days, timezone } = operand;
  if (
    days !== undefined &&
    !(Array.isArray(days) && days.every((day: unknown) => DAYS.includes(String(day))))
  ) {
    causes.push(cause.invalid(`${field}.days`, days, `must be a list of ${DAYS.join(', ')}`));
  }
  if (timezone !== undefined && (typeof timezone !== 'string' || !isTimezone(timezone))) {
    causes.push(
      cause.invalid(`${field}.timezone`, timezone, 'must be an IANA time zone such as Europe/Berlin'),
    );
  }
  return causes;
}

/** Whether the runtime's own time-zone data knows the name. */
export function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone.length > 0;
  } catch {
    return false;
  }
}
