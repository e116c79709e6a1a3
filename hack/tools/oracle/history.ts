/** Random histories: one object at a time is created, updated, applied to by several managers, and replaced. */
import { applyDefaults } from '../../../apiserver/api/default.ts';
import { isObject, type Json, type JsonObject } from '../../../apiserver/api/json.ts';
import { apiVersionOf, type Kind } from '../../../apiserver/api/kind.ts';
import { OBJECT_META_SCHEMA } from '../../../apiserver/api/meta-schema.ts';
import { objectSchema } from '../../../apiserver/api/object-schema.ts';
import { obj, type Schema } from '../../../apiserver/api/schema.ts';
import { decodeFields, encodeFields } from '../../../apiserver/registry/apply/fields-v1.ts';
import { edited, part, Random, randomValue, type Shape } from './random.ts';
import { weirdFields } from './weird-fields.ts';

export interface Operation {
  readonly kind: Kind;
  readonly verb: 'apply' | 'update';
  readonly subresource: '' | 'status';
  readonly manager: string;
  readonly force: boolean;
  readonly live: JsonObject | undefined;
  readonly object: JsonObject;
}

const STEPS = 14;
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const META_FIELDS = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'generateName', 'generation'];
/** The part of metadata that histories change. */
const META: Schema = obj(
  'Metadata.',
  Object.fromEntries(
    META_FIELDS.map((name) => [name, (OBJECT_META_SCHEMA.properties ?? {})[name] as Schema]),
  ),
);

export class History {
  readonly #random: Random;
  readonly #kinds: readonly Kind[];
  #kind: Kind;
  #live: JsonObject | undefined;
  #configs = new Map<string, JsonObject>();
  #step = 0;
  #serial = 0;
  /** Managers of one history: few, or so many that updaters are merged. */
  #crowd = 4;

  readonly #isTame: boolean;

  /** `isTame`: only what well-behaved clients and servers do, so that invariants of ownership hold. */
  constructor(kinds: readonly Kind[], seed: number, isTame = false) {
    this.#random = new Random(seed);
    this.#isTame = isTame;
    this.#kinds = kinds;
    this.#kind = kinds[0] as Kind;
    this.#restart();
  }

  #restart(): void {
    const random = this.#random;
    this.#kind = random.chance(0.5) ? (this.#kinds[0] as Kind) : random.pick(this.#kinds);
    this.#live = undefined;
    this.#configs = new Map();
    this.#step = 0;
    this.#crowd = random.chance(0.15) ? 14 : 4;
  }

  /** The object as it is stored now. */
  get stored(): JsonObject | undefined {
    return this.#live;
  }

  next(): Operation {
    if (this.#step >= (this.#crowd > 4 ? 40 : STEPS)) this.#restart();
    this.#step += 1;
    const random = this.#random;
    const subresource =
      this.#live !== undefined && this.#kind.hasStatus && random.chance(0.2) ? 'status' : '';
    const verb = random.chance(this.#crowd > 4 ? 0.2 : 0.6) ? 'apply' : 'update';
    const manager = random.chance(0.2) ? 'kubectl' : `m${random.below(this.#crowd)}`;
    const live = this.#weird(this.#live);
    const common = { kind: this.#kind, verb, subresource, manager, force: random.chance(0.4), live } as const;
    return { ...common, object: verb === 'apply' ? this.#config(manager, subresource) : this.#edited(live) };
  }

  /** Takes over our result as the store would: identity given, the other half of the object restored. */
  settle(operation: Operation, result: JsonObject | undefined): void {
    if (result === undefined) return;
    const { live, subresource } = operation;
    this.#serial += 1;
    const aged = this.#aged(result);
    if (live !== undefined && subresource === 'status') {
      const metadata = withManagedFieldsOf(live['metadata'] as JsonObject, aged['metadata'] as JsonObject);
      this.#live = { ...withStatusOf(live, aged), metadata: { ...metadata, ...this.#identity() } };
      return;
    }
    const metadata = { ...(aged['metadata'] as JsonObject), ...this.#identity() };
    const object = { ...aged, metadata };
    this.#live = this.#isTame && live !== undefined ? withStatusOf(object, live) : object;
  }

  #identity(): JsonObject {
    return { uid: 'u', resourceVersion: String(this.#serial), creationTimestamp: '2025-01-01T00:00:00Z' };
  }

  /** Times of this run become times of the past, so that the next run of either side shows. */
  #aged(object: JsonObject): JsonObject {
    const metadata = object['metadata'] as JsonObject;
    const entries = metadata['managedFields'] as readonly JsonObject[] | undefined;
    if (entries === undefined) return object;
    const age = (entry: JsonObject): JsonObject =>
      typeof entry['time'] === 'string' && entry['time'] >= '2026' ? { ...entry, time: this.#now() } : entry;
    return { ...object, metadata: { ...metadata, managedFields: entries.map(age) } };
  }

  /** One second a step, so that later is later. */
  #now(): string {
    return `${new Date(Date.UTC(2025, 0, 1) + this.#serial * 1000).toISOString().slice(0, 19)}Z`;
  }

  #shape(isLive: boolean): Shape {
    if (this.#isTame) return { density: 0.35, nulls: 0, duplicates: 0 };
    return { density: 0.35, nulls: isLive ? 0 : 0.04, duplicates: isLive ? 0.1 : 0.02 };
  }

  #root(): JsonObject {
    return { apiVersion: apiVersionOf(this.#kind), kind: this.#kind.kind };
  }

  #fresh(shape: Shape): JsonObject {
    const body = randomValue(this.#random, this.#kind.schema, { ...shape, density: 0.8 }) as JsonObject;
    const metadata = randomValue(this.#random, META, { ...shape, nulls: 0 }) as JsonObject;
    return { ...this.#root(), ...body, metadata: { name: 'o', namespace: 'n', ...metadata } };
  }

  #defaulted(object: JsonObject): JsonObject {
    return applyDefaults(objectSchema(this.#kind), object) as JsonObject;
  }

  #edited(live: JsonObject | undefined): JsonObject {
    const random = this.#random;
    const shape = this.#shape(true);
    if (live === undefined) return this.#sent(this.#defaulted(this.#fresh(shape)));
    if (random.chance(0.08)) return live;
    let object = live;
    for (let i = 1 + random.below(2); i > 0; i -= 1)
      object = { ...object, ...this.#editedBody(object, shape) };
    const { managedFields, ...metadata } = object['metadata'] as JsonObject;
    const changed = random.chance(0.4)
      ? (edited(random, META, pickMeta(metadata), shape) as JsonObject | null)
      : undefined;
    const others = Object.fromEntries(
      Object.entries(metadata).filter(([name]) => !META_FIELDS.includes(name)),
    );
    const sent = changed === undefined ? metadata : { ...others, ...changed };
    const kept = managedFields === undefined || random.chance(0.3) ? {} : { managedFields };
    return this.#sent(this.#defaulted({ ...object, metadata: { ...sent, ...kept } }));
  }

  #editedBody(object: JsonObject, shape: Shape): JsonObject {
    const body: JsonObject = {};
    for (const name of Object.keys(this.#kind.schema.properties ?? {})) {
      if (Object.hasOwn(object, name)) body[name] = object[name] as Json;
    }
    const next = edited(this.#random, this.#kind.schema, body, shape);
    return isObject(next) ? next : body;
  }

  /** Sometimes the client writes managedFields or the last-applied annotation itself. */
  #sent(object: JsonObject): JsonObject {
    const random = this.#random;
    const metadata = { ...(object['metadata'] as JsonObject) };
    if (!this.#isTame && random.chance(0.1))
      metadata['managedFields'] = this.#userEntries(metadata['managedFields']);
    const config = this.#configs.get('kubectl');
    if (random.chance(0.2)) {
      const annotation =
        config === undefined || random.chance(0.5)
          ? part(random, objectSchema(this.#kind), withoutMeta(object))
          : config;
      metadata['annotations'] = {
        ...(metadata['annotations'] as JsonObject | undefined),
        [LAST_APPLIED]: JSON.stringify({ ...this.#root(), ...(annotation as JsonObject) }),
      };
    }
    return { ...object, metadata };
  }

  #userEntries(current: Json | undefined): Json {
    const random = this.#random;
    const entries = (current ?? []) as readonly JsonObject[];
    const dice = random.below(8);
    if (dice === 0) return [];
    if (dice === 1) return [{}];
    if (dice === 2) return null;
    if (dice === 3)
      return entries.map((entry) => ({
        ...entry,
        time: this.#now().replace('T00:', 'T02:').replace('Z', '+02:00'),
      }));
    if (dice === 4) return [...entries, this.#entry({ apiVersion: 'older/v0' })];
    if (dice === 5) return [...entries, this.#entry({ fieldsType: 'FieldsV9' })];
    if (dice === 6) return entries.filter(() => random.chance(0.5));
    return [...entries, this.#entry({})];
  }

  /** An entry that owns things nobody owns through the API: parts of atomics, parents alone, foreign types. */
  #entry(override: JsonObject): JsonObject {
    const random = this.#random;
    const fieldsV1 = weirdFields(random, objectSchema(this.#kind), 0);
    delete fieldsV1['.'];
    return {
      manager: `w${random.below(3)}`,
      operation: random.pick(['Apply', 'Update']),
      apiVersion: apiVersionOf(this.#kind),
      time: this.#now(),
      fieldsType: 'FieldsV1',
      fieldsV1,
      ...(random.chance(0.2) ? { subresource: 'status' } : {}),
      ...override,
    };
  }

  /** Sometimes the stored entries are such that only an older schema or a hand could have written them. */
  #weird(live: JsonObject | undefined): JsonObject | undefined {
    if (live === undefined || this.#isTame || !this.#random.chance(0.05)) return live;
    const metadata = live['metadata'] as JsonObject;
    const entries = (metadata['managedFields'] ?? []) as readonly Json[];
    const manager = `m${this.#random.below(this.#crowd)}`;
    return {
      ...live,
      metadata: { ...metadata, managedFields: [...entries, canonical(this.#entry({ manager }))] },
    };
  }

  #config(manager: string, subresource: '' | 'status'): JsonObject {
    const random = this.#random;
    const key = `${manager} ${subresource}`;
    const shape = this.#shape(false);
    const last = this.#configs.get(key);
    const dice = random.next();
    let config: JsonObject;
    if (last !== undefined && dice < 0.2) config = last;
    else if (last !== undefined && dice < 0.65) config = { ...last, ...this.#editedBody(last, shape) };
    else if (this.#live !== undefined && dice < 0.9)
      config = part(random, objectSchema(this.#kind), withoutMeta(this.#live)) as JsonObject;
    else config = this.#fresh(shape);
    const metadata = { name: 'o', namespace: 'n', ...this.#meta(config['metadata'], shape) };
    config = { ...config, ...this.#root(), metadata };
    this.#configs.set(key, config);
    return this.#spoilt(config);
  }

  #meta(current: Json | undefined, shape: Shape): JsonObject {
    const random = this.#random;
    if (isObject(current) && random.chance(0.7)) return pickMeta(current);
    const next = random.chance(0.5) ? randomValue(random, META, { ...shape, nulls: 0 }) : {};
    return next as JsonObject;
  }

  /** A few configurations are such that no server takes them. */
  #spoilt(config: JsonObject): JsonObject {
    const random = this.#random;
    if (this.#isTame) return config;
    const metadata = config['metadata'] as JsonObject;
    if (random.chance(0.01)) return { ...config, metadata: { ...metadata, managedFields: [] } };
    if (random.chance(0.01)) return { ...config, metadata: { ...metadata, bogus: 1 } };
    if (random.chance(0.01)) return { ...config, metadata: { ...metadata, labels: 'none' } };
    return config;
  }
}

function withManagedFieldsOf(metadata: JsonObject, other: JsonObject): JsonObject {
  const { managedFields: _replaced, ...rest } = metadata;
  const { managedFields } = other;
  return managedFields === undefined ? rest : { ...rest, managedFields };
}

function withStatusOf(object: JsonObject, other: JsonObject): JsonObject {
  const { status: _replaced, ...rest } = object;
  return Object.hasOwn(other, 'status') ? { ...rest, status: other['status'] as Json } : rest;
}

/** As a server writes it: stored entries are never anything else. */
const canonical = (entry: JsonObject): JsonObject => ({
  ...entry,
  fieldsV1: encodeFields(decodeFields(entry['fieldsV1'])),
});

function pickMeta(metadata: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => META_FIELDS.includes(name)));
}

function withoutMeta(object: JsonObject): JsonObject {
  const { metadata: _metadata, ...rest } = object;
  return rest;
}
