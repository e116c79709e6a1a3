/**
 * The structural-schema builder: the one language in which every kind describes its fields.
 *
 * A schema is plain data (walked by validation, defaulting, pruning, OpenAPI, explain, apply and redaction)
 * that also carries the TypeScript type of the values it admits. The description is the first argument of
 * every builder, so `kubectl explain` is never empty.
 * source: kubernetes.io "Structural schemas"; the keyword set is closed on purpose.
 */
import type { Json } from './json.ts';

declare const valueType: unique symbol;

/** How a list behaves under server-side apply. source: structured-merge-diff list types. */
export type ListType = 'atomic' | 'set' | 'map';
/** What a strategic merge patch does with a value that is already there. */
export type PatchStrategy = 'merge' | 'replace';
export type ScalarFormat = 'int32' | 'int64' | 'double' | 'date-time' | 'byte' | 'quantity';

/** One node of a schema tree; `kind` tells which of the optional keywords may be present. */
export interface Schema {
  readonly kind:
    'object' | 'map' | 'list' | 'string' | 'integer' | 'number' | 'boolean' | 'intOrString' | 'any';
  readonly description: string;
  /** The field may be absent; set by `opt()` only. A field that has a default is never required in input. */
  readonly optional?: true;
  readonly nullable?: true;
  readonly default?: Json;
  /** string */
  readonly enum?: readonly string[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: ScalarFormat;
  /** integer, number */
  readonly minimum?: number;
  readonly maximum?: number;
  /** object */
  readonly properties?: Readonly<Record<string, Schema>>;
  /** object: keep fields that the schema does not name. */
  readonly preserveUnknown?: true;
  /** object, any: a complete Kubernetes object (apiVersion, kind, metadata). */
  readonly embeddedResource?: true;
  /** object, map: `atomic` is owned and replaced as a whole. Default granular. */
  readonly mapType?: 'atomic' | 'granular';
  /** map: schema of every value. list: schema of every item. */
  readonly items?: Schema;
  /** list; default atomic. */
  readonly listType?: ListType;
  readonly listMapKeys?: readonly string[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  /**
   * Strategic merge patch. list; default `merge` for list-maps, by their first key, and `replace` for all others.
   * object; default `merge`. source: the patchStrategy and patchMergeKey tags of the Kubernetes types.
   */
  readonly patchStrategy?: PatchStrategy;
  readonly patchMergeKey?: string;
}

export interface Node<T> extends Schema {
  readonly [valueType]?: T;
}
export interface OptionalNode<T> extends Node<T> {
  readonly optional: true;
}

/** The value type a schema admits, as stored (defaults present). */
export type Value<N> = N extends Node<infer T> ? T : never;

export type Properties = Readonly<Record<string, Node<unknown>>>;
type OptionalKeys<P> = { [K in keyof P]: P[K] extends { readonly optional: true } ? K : never }[keyof P];
type Flatten<T> = { readonly [K in keyof T]: T[K] };
export type ValuesOf<P> = Flatten<
  { readonly [K in Exclude<keyof P, OptionalKeys<P>>]: Value<P[K]> } & {
    readonly [K in OptionalKeys<P>]?: Value<P[K]>;
  }
>;

interface StringOptions {
  readonly minLength?: number;
  /** In characters. Default none, or 4096 where there is a pattern, so that it never meets unbounded input. */
  readonly maxLength?: number;
  /** Must be anchored and linear-time; compiled once. */
  readonly pattern?: string;
  readonly format?: ScalarFormat;
  readonly default?: string;
}
interface NumberOptions {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: number;
  readonly format?: ScalarFormat;
}
interface ListOptions {
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: readonly Json[];
  readonly patchStrategy?: PatchStrategy;
  readonly patchMergeKey?: string;
}

export function str<const E extends string>(
  description: string,
  options: { readonly enum: readonly E[]; readonly default?: NoInfer<E> },
): Node<E>;
export function str(description: string, options?: StringOptions): Node<string>;
export function str(description: string, options: StringOptions = {}): Node<string> {
  return { kind: 'string', description, ...options };
}

export function int(description: string, options: NumberOptions = {}): Node<number> {
  return { kind: 'integer', description, format: 'int32', ...options };
}
export function num(description: string, options: NumberOptions = {}): Node<number> {
  return { kind: 'number', description, format: 'double', ...options };
}
export function bool(description: string, options: { readonly default?: boolean } = {}): Node<boolean> {
  return { kind: 'boolean', description, ...options };
}
/** RFC 3339 time with whole seconds, UTC, as Kubernetes writes it. */
export function time(description: string): Node<string> {
  return { kind: 'string', description, format: 'date-time', maxLength: 64 };
}
/** A Kubernetes quantity such as 500m, 1Gi or 2. */
export function quantity(
  description: string,
  options: { readonly default?: string } = {},
): Node<string | number> {
  return { kind: 'intOrString', description, format: 'quantity', ...options };
}
export function intOrString(description: string): Node<string | number> {
  return { kind: 'intOrString', description };
}
/** An object with the named fields; others are pruned. */
export function obj<const P extends Properties>(
  description: string,
  properties: P,
  options: {
    readonly mapType?: 'atomic';
    readonly preserveUnknown?: true;
    readonly default?: Json;
    readonly patchStrategy?: PatchStrategy;
  } = {},
): Node<ValuesOf<P>> {
  return { kind: 'object', description, properties, ...options };
}
/** String keys to values of one schema, such as labels. */
export function map<T>(
  description: string,
  items: Node<T>,
  options: { readonly mapType?: 'atomic'; readonly maxProperties?: number; readonly default?: Json } = {},
): Node<Readonly<Record<string, T>>> {
  return { kind: 'map', description, items, ...options };
}
/** A list replaced as a whole by apply. */
export function list<T>(description: string, items: Node<T>, options: ListOptions = {}): Node<readonly T[]> {
  return { kind: 'list', description, items, listType: 'atomic', ...options };
}
/** A list of unique scalars, each with its own owner under apply. */
export function set<T extends string | number>(
  description: string,
  items: Node<T>,
  options: ListOptions = {},
): Node<readonly T[]> {
  return { kind: 'list', description, items, listType: 'set', ...options };
}
/** A list of objects merged by the named key fields under apply. The compiler checks that the keys are fields. */
export function listMap<T>(
  description: string,
  keys: NoInfer<keyof T & string> | readonly NoInfer<keyof T & string>[],
  items: Node<T>,
  options: ListOptions = {},
): Node<readonly T[]> {
  const listMapKeys = typeof keys === 'string' ? [keys] : keys;
  return { kind: 'list', description, items, listType: 'map', listMapKeys, ...options };
}
/** Any JSON value, kept as it is. */
export function any(description: string): Node<Json> {
  return { kind: 'any', description, preserveUnknown: true };
}
/** A free-form object, kept as it is and owned field by field. */
export function anyObject(description: string): Node<Readonly<Record<string, Json>>> {
  return { kind: 'object', description, properties: {}, preserveUnknown: true };
}
/** A complete Kubernetes object of any kind. */
export function embedded(description: string): Node<Readonly<Record<string, Json>>> {
  return { kind: 'object', description, properties: {}, preserveUnknown: true, embeddedResource: true };
}
/** Marks a field as one that may be absent. */
export function opt<T>(node: Node<T>): OptionalNode<T> {
  return { ...node, optional: true };
}
