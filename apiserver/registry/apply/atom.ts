/**
 * How server-side apply sees a schema: per node which shapes a value may have (scalar, list, map) and whether
 * lists and maps are owned as a whole or item by item.
 * source: kube-openapi schemaconv (the CRD reading of structural schemas) and structured-merge-diff schema.
 */
import type { Json } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { OBJECT_META_SCHEMA } from '../../api/meta-schema.ts';
import type { Schema } from '../../api/schema.ts';
import { keyPair } from './path-element.ts';
import { compareText } from './go-text.ts';

export type Scalar = 'numeric' | 'string' | 'boolean' | 'untyped';

export interface MapAtom {
  /** Owned and replaced as a whole. */
  readonly atomic: boolean;
  readonly fields: ReadonlyMap<string, Atom>;
  /** Type of the fields that are not named; undefined: there are none. */
  readonly element: Atom | undefined;
  /** No named fields and anything as value: such maps never change between atomic and granular. */
  readonly deduced: boolean;
}

export interface ListKey {
  readonly name: string;
  /** What an item without the field counts as; undefined: the key leaves the field out. */
  readonly default: Json | undefined;
  /** The pair for the default, ready to be put into a key element. */
  readonly defaultPair: string;
}

export interface ListAtom {
  readonly atomic: boolean;
  /** In name order; empty for sets. */
  readonly keys: readonly ListKey[];
  readonly element: Atom;
}

/** One node. `asScalar`, `asList`, `asMap` are the node narrowed by the value it meets, or the node itself. */
export interface Atom {
  readonly scalar: Scalar | undefined;
  readonly list: ListAtom | undefined;
  readonly map: MapAtom | undefined;
  readonly asScalar: Atom;
  readonly asList: Atom;
  readonly asMap: Atom;
}

interface Shapes {
  readonly scalar?: Scalar;
  readonly list?: ListAtom;
  readonly map?: MapAtom;
}

type Writable = { -readonly [K in keyof Atom]: Atom[K] };

function makeAtom(shapes: Shapes): Atom {
  const atom = blank();
  fill(atom, shapes);
  return atom;
}

/** Atoms that contain themselves are created blank and filled afterwards. */
function blank(): Writable {
  const atom = { scalar: undefined, list: undefined, map: undefined } as Partial<Writable>;
  atom.asScalar = atom as Writable;
  atom.asList = atom as Writable;
  atom.asMap = atom as Writable;
  return atom as Writable;
}

function fill(atom: Writable, shapes: Shapes): void {
  const { scalar, list, map } = shapes;
  atom.scalar = scalar;
  atom.list = list;
  atom.map = map;
  const count = [scalar, list, map].filter((shape) => shape !== undefined).length;
  if (count < 2) return;
  if (scalar !== undefined) atom.asScalar = makeAtom({ scalar });
  if (list !== undefined) atom.asList = makeAtom({ list });
  if (map !== undefined) atom.asMap = makeAtom({ map });
}

/** Anything, lists and maps as a whole. */
const UNTYPED = selfContained((self) => ({
  scalar: 'untyped',
  list: { atomic: true, keys: [], element: self },
  map: { atomic: true, fields: new Map(), element: self, deduced: false },
}));

/** Anything, its type read off the value: lists as a whole, maps field by field. */
export const DEDUCED: Atom = selfContained((self) => ({
  scalar: 'untyped',
  list: { atomic: true, keys: [], element: UNTYPED },
  map: { atomic: false, fields: new Map(), element: self, deduced: true },
}));

function selfContained(shapes: (self: Atom) => Shapes): Atom {
  const atom = blank();
  fill(atom, shapes(atom));
  return atom;
}

const compiled = new WeakMap<Schema, Atom>();

/** The whole object of a kind: type, metadata and the kind's own root fields. Compiled once per kind. */
export function atomOf(kind: Pick<Kind, 'schema'>): Atom {
  const known = compiled.get(kind.schema);
  if (known !== undefined) return known;
  const atom = objectAtom(kind.schema, { preserve: false, embedded: true });
  compiled.set(kind.schema, atom);
  return atom;
}

/** `preserve` is inherited: below a node that keeps unknown fields everything keeps them. */
interface Inherited {
  readonly preserve: boolean;
  readonly embedded?: boolean;
}

function compile(schema: Schema, inherited: Inherited): Atom {
  const preserve = inherited.preserve || schema.preserveUnknown === true;
  switch (schema.kind) {
    case 'object':
      return objectAtom(schema, { preserve, embedded: schema.embeddedResource === true });
    case 'map':
      return mapAtom(schema, preserve);
    case 'list':
      return makeAtom({ list: listAtom(schema, preserve) });
    case 'string':
      return makeAtom({ scalar: stringScalar(schema) });
    case 'integer':
    case 'number':
      return makeAtom({ scalar: 'numeric' });
    case 'boolean':
      return makeAtom({ scalar: 'boolean' });
    case 'intOrString':
    case 'any':
      return DEDUCED;
  }
}

/** source: every format but plain text and bytes is read as untyped. */
const stringScalar = ({ format }: Schema): Scalar =>
  format === undefined || format === 'byte' ? 'string' : 'untyped';

function objectAtom(schema: Schema, inherited: Required<Inherited>): Atom {
  const { preserve, embedded } = inherited;
  const properties = Object.entries(schema.properties ?? {});
  const fields = new Map(properties.map(([name, node]) => [name, compile(node, { preserve })]));
  if (embedded) {
    fields.set('apiVersion', makeAtom({ scalar: 'string' }));
    fields.set('kind', makeAtom({ scalar: 'string' }));
    fields.set('metadata', compile(OBJECT_META_SCHEMA, { preserve: false }));
  }
  // source: an object without properties and additionalProperties counts as free-form.
  const element = preserve || fields.size === 0 ? DEDUCED : undefined;
  const atomic = schema.mapType === 'atomic';
  return makeAtom({ map: { atomic, fields, element, deduced: fields.size === 0 } });
}

function mapAtom(schema: Schema, preserve: boolean): Atom {
  const element = schema.items === undefined ? DEDUCED : compile(schema.items, { preserve });
  return makeAtom({
    map: {
      atomic: schema.mapType === 'atomic',
      fields: new Map(),
      element,
      deduced: element.scalar === 'untyped',
    },
  });
}

function listAtom(schema: Schema, preserve: boolean): ListAtom {
  const element = schema.items === undefined ? UNTYPED : compile(schema.items, { preserve });
  const associative = schema.listType === 'set' || schema.listType === 'map';
  const names = schema.listType === 'map' ? (schema.listMapKeys ?? []) : [];
  const keys = [...names].sort(compareText).map((name): ListKey => {
    const value = schema.items?.properties?.[name]?.default;
    return { name, default: value, defaultPair: value === undefined ? '' : keyPair(name, value) };
  });
  return { atomic: !associative, keys, element };
}
