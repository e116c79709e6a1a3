/** Pieces that many Kubernetes kinds share: text, references, conditions, amounts. */
import { listMap, map, obj, opt, quantity, str, time, type Node, type ValuesOf } from '../../api/schema.ts';

/** Kubernetes bounds no single string; the limit of the body bounds them all. */
export const text = (description: string, options: { readonly default?: string } = {}): Node<string> =>
  str(description, options);

/** Amounts by name of the resource. source: core/v1 ResourceList. */
export const resourceList = (description: string): Node<Readonly<Record<string, string | number>>> =>
  map(description, quantity('Amount.'));

/** A reference to an object of the same namespace. source: core/v1 LocalObjectReference. */
export const localReference = (description: string): Node<ValuesOf<{ readonly name: Node<string> }>> =>
  obj(description, { name: text('Name of the object.', { default: '' }) }, { mapType: 'atomic' });

/** The fields that the conditions of all Kubernetes kinds have; kinds add their own. */
export const conditionFields = {
  type: text('Aspect that is reported.'),
  status: text('True, False or Unknown.'),
  reason: opt(text('Machine-readable cause.')),
  message: opt(text('Explanation for people.')),
  lastTransitionTime: opt(time('When the status last changed.')),
};
/** `status.conditions` of the kinds that add nothing. */
export const plainConditions = opt(
  listMap('Aspects of the state.', 'type', obj('One aspect of the state.', conditionFields)),
);

/** source: core/v1 ObjectReference. */
export const objectReference = (description: string): Node<ObjectReference> =>
  obj(
    description,
    {
      apiVersion: opt(text('Group and version of the object.')),
      kind: opt(text('Kind of the object.')),
      namespace: opt(text('Namespace of the object.')),
      name: opt(text('Name of the object.')),
      uid: opt(text('Identity of the object.')),
      resourceVersion: opt(text('Version of the object that is meant.')),
      fieldPath: opt(text('Part of the object that is meant.')),
    },
    { mapType: 'atomic' },
  );
export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly fieldPath?: string;
}

/** A cell: number of entries of a map. */
export const size = (entries: Readonly<Record<string, unknown>> | undefined): number =>
  Object.keys(entries ?? {}).length;

type Entries = Readonly<Record<string, string>>;
/** Whether two maps hold the same, whatever their order. */
export function sameEntries(a: Entries = {}, b: Entries = {}): boolean {
  return size(a) === size(b) && Object.keys(a).every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}
