/**
 * Match conditions: CEL expressions over a request that must all hold for a webhook to be asked. What the library
 * cannot evaluate (the authorizer, Kubernetes' own functions) is an error, which the failure policy answers.
 * source: apiserver pkg/admission/plugin/webhook/matchconditions.
 */
import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import { at } from '../../api/json.ts';

/** What expressions see; names as in Kubernetes. */
export interface Facts {
  readonly object: unknown;
  readonly oldObject: unknown;
  readonly request: unknown;
}

export type Match = { readonly holds: boolean } | { readonly error: string };

export interface Conditions {
  /** One that is false decides, whatever others fail; all true: it holds; else the first error. */
  evaluate(facts: Facts): Match;
}

interface Condition {
  readonly name: string;
  readonly run: ParseResult | undefined;
  readonly problem: string;
}

const environment = new Environment({
  enableOptionalTypes: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 10_000, maxDepth: 100 },
})
  .registerVariable('object', 'dyn')
  .registerVariable('oldObject', 'dyn')
  .registerVariable('request', 'dyn');

/** Undefined when there are none. Expressions are parsed once. */
export function compileConditions(entries: readonly unknown[]): Conditions | undefined {
  if (entries.length === 0) return undefined;
  const conditions = entries.map(parse);
  return { evaluate: (facts) => evaluate(conditions, facts) };
}

function parse(entry: unknown): Condition {
  const name = at(entry, 'name');
  const expression = at(entry, 'expression');
  const named = { name: typeof name === 'string' ? name : '' };
  try {
    const run = environment.parse(typeof expression === 'string' ? expression : '');
    return { ...named, run, problem: '' };
  } catch (error) {
    return { ...named, run: undefined, problem: firstLine(error) };
  }
}

function evaluate(conditions: readonly Condition[], facts: Facts): Match {
  const context = {
    object: integers(facts.object),
    oldObject: integers(facts.oldObject),
    request: integers(facts.request),
  };
  let failure: string | undefined;
  for (const { name, run, problem } of conditions) {
    const result = run === undefined ? { error: problem } : evaluateOne(run, context);
    if ('holds' in result && !result.holds) return result;
    if ('error' in result) failure ??= `matchCondition ${JSON.stringify(name)}: ${result.error}`;
  }
  return failure === undefined ? { holds: true } : { error: failure };
}

function evaluateOne(run: ParseResult, context: Readonly<Record<string, unknown>>): Match {
  try {
    const value: unknown = run(context);
    return typeof value === 'boolean' ? { holds: value } : { error: 'the expression is not a boolean' };
  } catch (error) {
    return { error: firstLine(error) };
  }
}

/** The library shows the expression below its message. */
const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';

/** In CEL 3 and 3.0 are of different types; what has no fraction is an int, as the schemas of Kubernetes say. */
function integers(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(integers);
  if (typeof value !== 'object' || value === null) return value ?? null;
  // Without a prototype: a key called like one of its methods is data.
  return Object.assign(
    Object.create(null) as object,
    Object.fromEntries(Object.entries(value).map(([key, item]) => [key, integers(item)])),
  );
}
