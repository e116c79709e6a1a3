/**
 * A set in which every named field on the way to a member is a member too. Used while pruning, where a struct
 * field such as `spec` goes with the last thing in it but an entry of a free map does not.
 * source: structured-merge-diff fieldpath/set.go EnsureNamedFieldsAreMembers.
 */
import type { Atom } from './atom.ts';
import { FieldSet } from './field-set.ts';
import { fieldName, isKey, type PathElement } from './path-element.ts';

export function withNamedFields(atom: Atom | undefined, set: FieldSet): FieldSet {
  const out = new FieldSet();
  for (const [element, node] of set.entries()) {
    const name = fieldName(element);
    const isNamed = node.children !== undefined && name !== undefined && atom?.map?.fields.has(name) === true;
    const children =
      node.children === undefined ? undefined : withNamedFields(childAtom(atom, element), node.children);
    out.put(element, node.member || isNamed, children);
  }
  return out;
}

function childAtom(atom: Atom | undefined, element: PathElement): Atom | undefined {
  const name = fieldName(element);
  if (name !== undefined && atom?.map !== undefined) return atom.map.fields.get(name) ?? atom.map.element;
  return isKey(element) ? atom?.list?.element : undefined;
}
