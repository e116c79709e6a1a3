/**
 * What an endpoint lets its callers own: the fields it resets are nobody's through it, and identity and
 * bookkeeping of an object are never owned.
 * source: customresource strategies GetResetFields; managedfields internal/stripmeta.go.
 */
import { apiVersionOf, type Kind } from '../../api/kind.ts';
import { atomOf, type Atom } from './atom.ts';
import { FieldSet } from './field-set.ts';
import { fieldElement } from './path-element.ts';

export type Subresource = '' | 'status' | 'scale';

export interface Endpoint {
  readonly kind: Kind;
  readonly subresource: Subresource;
  readonly atom: Atom;
  readonly apiVersion: string;
  /** Without what the endpoint resets. */
  readonly owned: (set: FieldSet) => FieldSet;
  /** True when the endpoint may change something below this root field. */
  readonly writes: (rootField: string) => boolean;
}

const known = new WeakMap<Kind, Map<Subresource, Endpoint>>();

/** One object for each, so that others keep things by it. */
export function endpointOf(kind: Kind, subresource: Subresource): Endpoint {
  const ofKind = known.get(kind) ?? new Map<Subresource, Endpoint>();
  known.set(kind, ofKind);
  const endpoint = ofKind.get(subresource) ?? makeEndpoint(kind, subresource);
  ofKind.set(subresource, endpoint);
  return endpoint;
}

function makeEndpoint(kind: Kind, subresource: Subresource): Endpoint {
  const base = { kind, subresource, atom: atomOf(kind), apiVersion: apiVersionOf(kind) };
  if (subresource === 'scale') return { ...base, ...onlyReplicas(kind) };
  const resets = resetFields(kind, subresource);
  const exclude = FieldSet.of(...resets.map((name) => [fieldElement(name)]));
  return {
    ...base,
    owned: (set) => set.recursiveDifference(exclude),
    writes: (rootField) => !resets.includes(rootField),
  };
}

function resetFields(kind: Kind, subresource: '' | 'status'): readonly string[] {
  if (subresource === 'status') return ['metadata', 'spec'];
  return kind.hasStatus ? ['status'] : [];
}

function onlyReplicas(kind: Kind): Pick<Endpoint, 'owned' | 'writes'> {
  const path = (kind.scale?.specReplicas ?? 'spec.replicas').replace(/^\./, '').split('.');
  const replicas = FieldSet.of(path.map(fieldElement));
  return { owned: (set) => set.intersection(replicas), writes: (rootField) => rootField === path[0] };
}

const UNOWNED_METADATA = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
];

const UNOWNED = FieldSet.of(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...UNOWNED_METADATA.map((name) => ['f:metadata', fieldElement(name)]),
);

/** The set without identity and bookkeeping. */
export const ownable = (set: FieldSet): FieldSet => set.difference(UNOWNED);
