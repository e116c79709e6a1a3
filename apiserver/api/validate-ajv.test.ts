/** Differential test: our validation against ajv over random schemas and values. */
import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Schema } from './schema.ts';
import { validate } from './validate.ts';

function random(seed: number): {
  next: () => number;
  below: (n: number) => number;
  pick: <T>(from: readonly T[]) => T;
} {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return { next, below, pick: (from) => from[below(from.length)]! };
}
type Random = ReturnType<typeof random>;

const NAMES = ['a', 'b', 'c', 'constructor', '__proto__'];
const STRINGS = ['', 'a', 'ab', 'abc', 'xyz', '🐝', '🐝🐝', 'constructor'];

type Kind = Schema['kind'];

function makeSchema(r: Random, depth: number): Schema {
  const kinds = ['string', 'integer', 'number', 'boolean', 'intOrString', 'any'] as const;
  const nested = ['object', 'object', 'map', 'list'] as const;
  const kind: Kind = depth > 0 && r.next() < 0.7 ? r.pick(nested) : r.pick(kinds);
  const keywords = Object.entries(KEYWORDS[kind]?.(r, depth - 1) ?? {}).filter(
    ([, value]) => value !== undefined,
  );
  const nullable = r.next() < 0.4 ? { nullable: true as const } : {};
  return { kind, description: 'Random.', ...nullable, ...Object.fromEntries(keywords) };
}

const some = <T>(r: Random, value: T): T | undefined => (r.next() < 0.4 ? value : undefined);
const range = (r: Random): object => ({ minimum: some(r, r.below(5) - 2), maximum: some(r, r.below(5)) });
const KEYWORDS: Partial<Record<Kind, (r: Random, depth: number) => object>> = {
  string: (r) => ({
    enum: r.next() < 0.2 ? ['a', 'abc', '🐝'] : undefined,
    minLength: some(r, r.below(3)),
    maxLength: some(r, 1 + r.below(3)),
    pattern: some(r, r.pick(['^[a-c]*$', '^x', '.'])),
  }),
  integer: range,
  number: range,
  object: (r, depth) => ({ properties: Object.fromEntries(makeProperties(r, depth)) }),
  map: (r, depth) => ({ items: makeSchema(r, depth), maxProperties: some(r, r.below(3)) }),
  list: (r, depth) => ({
    ...(r.next() < 0.5
      ? { listType: 'set', items: { kind: 'string', description: 'Random.' } }
      : { listType: 'atomic', items: makeSchema(r, depth) }),
    minItems: some(r, r.below(3)),
    maxItems: some(r, r.below(4)),
  }),
};

function makeProperties(r: Random, depth: number): (readonly [string, Schema])[] {
  return NAMES.filter(() => r.next() < 0.5).map((name) => {
    const child = makeSchema(r, depth);
    return [name, r.next() < 0.5 ? { ...child, optional: true } : child] as const;
  });
}

const TYPES = {
  string: 'string',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  intOrString: ['integer', 'string'],
  object: 'object',
  map: 'object',
  list: 'array',
} as const;

/** The same meaning in plain JSON Schema. */
function toJsonSchema(schema: Schema): object {
  if (schema.kind === 'any') return {};
  const type = TYPES[schema.kind];
  const { minLength, maxLength, pattern, minimum, maximum, minItems, maxItems, maxProperties } = schema;
  const out: Record<string, unknown> = { type };
  for (const [key, value] of Object.entries({
    minLength,
    maxLength,
    pattern,
    minimum,
    maximum,
    minItems,
    maxItems,
    maxProperties,
  })) {
    if (value !== undefined) out[key] = value;
  }
  if (schema.enum !== undefined) out['enum'] = schema.enum;
  if (schema.listType === 'set') out['uniqueItems'] = true;
  if (schema.kind === 'list' && schema.items) out['items'] = toJsonSchema(schema.items);
  if (schema.kind === 'map' && schema.items) out['additionalProperties'] = toJsonSchema(schema.items);
  if (schema.properties) {
    const entries = Object.entries(schema.properties);
    // `properties` cannot hold __proto__ in ajv 8 (it compiles to a plain member), a pattern can.
    out['patternProperties'] = Object.fromEntries(
      entries.map(([name, child]) => [`^${name}$`, toJsonSchema(child)]),
    );
    out['required'] = entries.filter(([, child]) => child.optional !== true).map(([name]) => name);
  }
  return schema.nullable === true ? { anyOf: [{ type: 'null' }, out] } : out;
}

/** Mostly right, sometimes wrong at one place. */
function makeValue(r: Random, schema: Schema): unknown {
  if (r.next() < 0.06) return r.pick([null, 0, 1.5, -7, 'a', '', true, [], {}, ['a', 'a'], { a: 1 }]);
  return VALUES[schema.kind](r, schema);
}

const VALUES: Record<Kind, (r: Random, schema: Schema) => unknown> = {
  string: (r, schema) => (schema.enum && r.next() < 0.8 ? r.pick(schema.enum) : r.pick(STRINGS)),
  integer: (r) => r.below(7) - 3,
  number: (r) => r.below(14) / 2 - 3,
  boolean: (r) => r.next() < 0.5,
  intOrString: (r) => r.pick([1, 'a']),
  any: (r) => r.pick([null, 1, 'x', { y: [] }]),
  object: (r, schema) => {
    const present = Object.entries(schema.properties ?? {}).filter(
      ([, child]) => r.next() < (child.optional ? 0.6 : 0.95),
    );
    return Object.fromEntries(present.map(([name, child]) => [name, makeValue(r, child)]));
  },
  map: (r, schema) => {
    const names = NAMES.filter(() => r.next() < 0.3);
    return Object.fromEntries(names.map((name) => [name, makeValue(r, schema.items!)]));
  },
  list: (r, schema) => Array.from({ length: r.below(4) }, () => makeValue(r, schema.items!)),
};

describe('validate against ajv', () => {
  it('agrees on random schemas and values', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: false, unicodeRegExp: true, ownProperties: true });
    const r = random(42);
    const seen = { valid: 0, invalid: 0 };
    for (let round = 0; round < 400; round += 1) {
      const schema = makeSchema(r, 3);
      const oracle = ajv.compile(toJsonSchema(schema));
      for (let i = 0; i < 15; i += 1) {
        const value = makeValue(r, schema);
        const expected = oracle(value);

        const causes = validate(schema, value, 'x');

        assert.equal(
          causes.length === 0,
          expected,
          JSON.stringify({ schema, value, causes, errors: oracle.errors }),
        );
        seen[expected ? 'valid' : 'invalid'] += 1;
      }
    }
    assert.ok(seen.valid > 1000 && seen.invalid > 1000, JSON.stringify(seen));
  });
});
