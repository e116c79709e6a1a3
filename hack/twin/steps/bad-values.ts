/** Wrong values for every field of a kind, one at a time: made from the schema. */
import { isObject, type Json, type JsonObject } from '../../../apiserver/api/json.ts';
import type { Schema } from '../../../apiserver/api/schema.ts';
import { named, type Subject } from '../objects.ts';
import type { Step } from '../step.ts';

type Path = readonly (string | number)[];
interface Bad {
  readonly path: Path;
  /** Undefined: the field is left out. */
  readonly value: Json | undefined;
  readonly what: string;
}

/** Dry runs: nothing stays behind. Status is sent to its own endpoint, of the object named `live`. */
export function badValues(subject: Subject, live: string): readonly Step[] {
  const { kind, full } = subject;
  const { spec, status } = kind.schema.properties ?? {};
  if (spec === undefined || status === undefined) throw new Error(`${kind.kind} has no spec and status`);
  const step = (bad: Bad, index: number): Step => {
    const isStatus = bad.path[0] === 'status';
    const content = withValue(full, bad.path, bad.value) as JsonObject;
    const common = { kind, name: `${kind.kind} bad value ${index}: ${bad.path.join('.')} ${bad.what}` };
    const where = '?dryRun=All&fieldManager=twin';
    if (!isStatus)
      return { ...common, method: 'POST', path: where, body: named(subject, content, { name: 'wrong' }) };
    const metadata = { name: live, resourceVersion: `{rv:${live}}` };
    return {
      ...common,
      method: 'PUT',
      path: `/${live}/status${where}`,
      body: named(subject, content, metadata),
    };
  };
  const all = [...badIn(spec, full['spec'], ['spec']), ...badIn(status, full['status'], ['status'])];
  return all.map(step);
}

function badIn(schema: Schema, good: Json | undefined, path: Path): readonly Bad[] {
  if (good === undefined) return [];
  const here = [...replacements(schema)].map(([what, value]) => ({ path, what, value }));
  return [...here, ...badBelow(schema, good, path)];
}

function badBelow(schema: Schema, good: Json, path: Path): readonly Bad[] {
  const { properties, items } = schema;
  if (Array.isArray(good)) {
    const [first] = good as readonly Json[];
    if (items === undefined || first === undefined) return [];
    const twice = { path, what: 'with an item twice', value: [...(good as readonly Json[]), first] };
    return [twice, ...badIn(items, first, [...path, 0])];
  }
  if (!isObject(good)) return [];
  if (schema.kind === 'map') {
    const [name] = Object.keys(good);
    return items === undefined || name === undefined ? [] : badIn(items, good[name], [...path, name]);
  }
  return Object.entries(properties ?? {}).flatMap(([name, property]) => [
    ...badIn(property, good[name], [...path, name]),
    ...(Object.hasOwn(good, name) && property.optional !== true
      ? [{ path: [...path, name], what: 'left out', value: undefined }]
      : []),
  ]);
}

const LONG = 5000;

function* replacements(schema: Schema): Generator<readonly [string, Json]> {
  yield ['null', null];
  switch (schema.kind) {
    case 'string':
      yield* [
        ['a number', 5],
        ['an object', {}],
        ['empty', ''],
        ['odd', '-!ä'],
      ] as const;
      if (schema.maxLength !== undefined || schema.pattern !== undefined) yield ['long', 'x'.repeat(LONG)];
      return;
    case 'integer':
    case 'number':
      yield* [
        ['a text', '5'],
        ['a boolean', true],
        ['negative', -1],
        ['beyond 32 bits', 3_000_000_000],
      ] as const;
      return;
    case 'boolean':
      yield ['a text', 'true'];
      return;
    case 'intOrString':
      yield* [
        ['a boolean', true],
        ['an object', {}],
      ] as const;
      return;
    case 'list':
      yield* [
        ['an object', {}],
        ['empty', []],
        ['of null', [null]],
      ] as const;
      return;
    case 'object':
    case 'map':
      yield* [
        ['a list', []],
        ['a number', 0],
      ] as const;
      return;
    case 'any':
  }
}

/** A copy with another value at the path. */
function withValue(target: Json | undefined, path: Path, value: Json | undefined): Json {
  const [step, ...rest] = path;
  if (step === undefined) return value ?? null;
  if (Array.isArray(target)) {
    return (target as readonly Json[]).map((item, index) =>
      index === step ? withValue(item, rest, value) : item,
    );
  }
  const fields = { ...(target as JsonObject) };
  if (rest.length === 0 && value === undefined) delete fields[step];
  else fields[step] = withValue(fields[step], rest, value);
  return fields;
}
