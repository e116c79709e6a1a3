/**
 * What a resource kind is: one object from which discovery, OpenAPI, validation, defaulting, Table columns,
 * apply merge keys, the reference graph and redaction are derived. Kinds are data and pure functions, no I/O.
 */
import type { Json } from './json.ts';
import type { Cause } from './errors.ts';
import type { ObjectMeta } from './meta.ts';
import { obj, type Node, type Properties, type Schema, type Value, type ValuesOf } from './schema.ts';

/** The one place that knows our API group suffix. */
export const GROUP_SUFFIX = 'polder.dev';
export const PLATFORM_GROUP = `platform.${GROUP_SUFFIX}`;
export const DATA_GROUP = `data.${GROUP_SUFFIX}`;
export const OWN_VERSION = 'v1alpha1';

export type Scope = 'Cluster' | 'Namespaced';

/** A Table column. `cell` sees the stored object; age is added by the printer, not declared here. */
export interface Column<T> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly description?: string;
  /** Shown with `-o wide` only. */
  readonly wide?: true;
  /** For type `date` return the RFC 3339 time: the printer turns it into an age. */
  readonly cell: (object: T) => string | number | boolean | undefined;
  /** For type `date`: what is shown when there is no time. Default `<none>` for native kinds, nothing for ours. */
  readonly absent?: '<unknown>';
}

/**
 * A field that names another object. `[]` in the path steps into lists. The target lives in the same namespace
 * (or is cluster-scoped) unless `tenantField` names the sibling field that holds a foreign tenant's name: the key
 * alone, beside the last step of `field` in the same object.
 */
export interface Reference {
  readonly field: string;
  /** Kind name of the target, for example `Credential`. */
  readonly to: string;
  readonly tenantField?: string;
  /** The name ends where this character begins: `vulcan:1.0` with `:` names `vulcan`. */
  readonly nameEndsAt?: string;
  /** What the reference needs at the target, as an action verb. Default `use`. */
  readonly verb?: string;
  /** The target must exist when the object is applied (default true). */
  readonly required?: boolean;
  /** The target cannot be deleted while referenced (default true). */
  readonly protects?: boolean;
}

export interface ScalePaths {
  readonly specReplicas: string;
  readonly statusReplicas: string;
  readonly labelSelector?: string;
}

/** What `metadata.name` may look like. `maxLength` in bytes, tighter than what the format allows. */
export interface NameRule {
  readonly format: 'subdomain' | 'label' | 'label1035' | 'path-segment';
  readonly maxLength?: number;
}

/** A kind as the machinery sees it: no static type, everything resolved. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: Scope;
  readonly doc: string;
  /** Absent: a DNS subdomain, or what Kubernetes asks of that native kind. */
  readonly nameRule?: NameRule;
  /** Root fields beside apiVersion, kind and metadata (spec, status, data, ...). */
  readonly schema: Schema;
  /** `true`: `/status` is served and the main endpoint ignores status. */
  readonly hasStatus: boolean;
  readonly scale?: ScalePaths;
  /** `stored` kinds live in the store; `virtual` kinds are answered at once and never stored (create only). */
  readonly storage: 'stored' | 'virtual';
  /** `own` = served by Polder's groups; `native` = a Kubernetes kind served on the embedded local plane only. */
  readonly origin: 'own' | 'native';
  /** Dotted paths that never change after create; `[]` is not allowed in them. */
  readonly immutable: readonly string[];
  readonly references: readonly Reference[];
  /** Dotted paths whose values are secret: redacted in logs, never stored in the clear. */
  readonly secrets: readonly string[];
  /** Field selectors beyond metadata.name and metadata.namespace, as dotted paths. */
  readonly selectableFields: readonly string[];
  /**
   * In order. The printer puts Name first and Age behind the last column that is not wide, unless
   * `completeColumns` says that nothing is to be added (Events, Roles, LimitRanges).
   */
  readonly columns: readonly Column<unknown>[];
  readonly completeColumns: boolean;
  /** Users may only read it; our controllers write it. */
  readonly readOnlyForUsers: boolean;
  /** Checks across fields; runs after schema validation passed. `old` is set on update. */
  readonly check: (object: unknown, old: unknown) => readonly Cause[];
  /** Pure normalisation after defaulting, before validation; returns the object to store. */
  readonly prepare?: (object: Readonly<Record<string, Json>>) => Record<string, Json>;
}

/** A kind whose object type is known. */
export interface TypedKind<T> extends Kind {
  readonly __object?: T;
}
/** The stored object type of a kind (defaults present). */
export type ObjectFor<K> = K extends TypedKind<infer T> ? T : never;

type Path<T, Depth extends readonly unknown[] = []> = Depth['length'] extends 4
  ? never
  : unknown extends T
    ? string
    : T extends readonly unknown[] | string | number | boolean | null | undefined
      ? never
      : {
          [K in keyof T & string]: K | `${K}.${Path<NonNullable<T[K]>, [...Depth, unknown]>}`;
        }[keyof T & string];

interface CommonDefinition<T> {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly scope: Scope;
  /** One sentence shown by `kubectl explain`. */
  readonly doc: string;
  /** Default a DNS subdomain. Ask for a `label` where the name becomes part of a namespace or a host name. */
  readonly nameRule?: NameRule;
  readonly scale?: ScalePaths;
  readonly immutable?: readonly NoInfer<Path<T>>[];
  readonly references?: readonly Reference[];
  readonly secrets?: readonly string[];
  readonly selectableFields?: readonly NoInfer<Path<T>>[];
  readonly columns?: readonly Column<NoInfer<T>>[];
  /** The columns are all there is: neither Name nor Age is added. */
  readonly completeColumns?: true;
  readonly readOnlyForUsers?: boolean;
  readonly check?: (object: NoInfer<T>, old: NoInfer<T> | undefined) => readonly Cause[];
  readonly prepare?: (object: Readonly<Record<string, Json>>) => Record<string, Json>;
}

export interface OwnObject<S, St> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: S;
  readonly status?: St;
}
interface OwnDefinition<S, St> extends CommonDefinition<OwnObject<S, St>> {
  readonly spec: Node<S>;
  readonly status: Node<St>;
  /** Never stored: create answers at once with status filled in. */
  readonly virtual?: true;
}

/** Defines one of Polder's kinds. Cluster scope means `platform.polder.dev`, Namespaced means `data.polder.dev`. */
export function defineKind<S, St>(definition: OwnDefinition<S, St>): TypedKind<OwnObject<S, St>> {
  const { spec, status, virtual, ...common } = definition;
  const schema = obj(definition.doc, { spec, status: { ...status, optional: true } as const });
  return {
    ...resolve(common as CommonDefinition<unknown>),
    group: definition.scope === 'Cluster' ? PLATFORM_GROUP : DATA_GROUP,
    version: OWN_VERSION,
    categories: ['polder', ...(definition.categories ?? [])],
    schema,
    hasStatus: virtual !== true,
    storage: virtual === true ? 'virtual' : 'stored',
    origin: 'own',
  };
}

export type NativeObject<P> = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
} & ValuesOf<P>;
interface NativeDefinition<P> extends CommonDefinition<NativeObject<P>> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Root fields beside apiVersion, kind and metadata. A `status` field makes `/status` served. */
  readonly fields: P;
  /** For kinds answered without storage, such as access reviews. */
  readonly virtual?: true;
}

/** Defines a Kubernetes kind that the embedded local plane serves. */
export function defineNative<const P extends Properties>(
  definition: NativeDefinition<P>,
): TypedKind<NativeObject<P>> {
  const { fields, group, version, virtual, ...common } = definition;
  return {
    ...resolve(common as unknown as CommonDefinition<unknown>),
    group,
    version,
    categories: definition.categories ?? [],
    schema: obj(definition.doc, fields),
    hasStatus: 'status' in fields && virtual !== true,
    storage: virtual === true ? 'virtual' : 'stored',
    origin: 'native',
  };
}

type Resolved = Omit<Kind, 'group' | 'version' | 'schema' | 'hasStatus' | 'storage' | 'origin'>;

function resolve(common: CommonDefinition<unknown>): Resolved {
  return {
    kind: common.kind,
    listKind: `${common.kind}List`,
    plural: common.plural,
    singular: common.kind.toLowerCase(),
    shortNames: common.shortNames ?? [],
    categories: common.categories ?? [],
    scope: common.scope,
    doc: common.doc,
    ...optional(common),
    immutable: (common.immutable ?? []) as readonly string[],
    references: common.references ?? [],
    secrets: common.secrets ?? [],
    selectableFields: (common.selectableFields ?? []) as readonly string[],
    columns: common.columns ?? [],
    completeColumns: common.completeColumns === true,
    readOnlyForUsers: common.readOnlyForUsers ?? false,
    check: common.check ?? ((): readonly Cause[] => []),
  };
}

/** What a kind may leave out stays absent. */
function optional(common: CommonDefinition<unknown>): Pick<Resolved, 'nameRule' | 'scale' | 'prepare'> {
  const { nameRule, scale, prepare } = common;
  return {
    ...(nameRule === undefined ? {} : { nameRule }),
    ...(scale === undefined ? {} : { scale }),
    ...(prepare === undefined ? {} : { prepare }),
  };
}

/** `group/version`, or just the version for the core group. */
export const apiVersionOf = (kind: Pick<Kind, 'group' | 'version'>): string =>
  kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;

/** `plural.group`, or just the plural for the core group: how errors and RBAC name a resource. */
export const resourceName = (kind: Pick<Kind, 'group' | 'plural'>): string =>
  kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;

export type { Value };
