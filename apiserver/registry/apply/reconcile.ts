/**
 * Adapts a stored field set to the schema of today: what became atomic since it was written is owned at its
 * root instead of item by item.
 * source: structured-merge-diff typed/reconcile_schema.go.
 */
import type { Atom } from './atom.ts';
import { FieldSet } from './field-set.ts';
import { fieldName, type PathElement } from './path-element.ts';

/** Returns the same set when nothing has to change. */
export function reconcile(atom: Atom, set: FieldSet): FieldSet {
  const known = unchanged.get(set);
  if (known === atom) return set;
  const after = reconciled(atom, set);
  if (after === set) unchanged.set(set, atom);
  return after;
}
/** Sets that fit already, each with the schema that it fits: objects share what was read once. */
const unchanged = new WeakMap<FieldSet, Atom>();

function reconciled(atom: Atom, set: FieldSet): FieldSet {
  const walk = new Reconciling();
  walk.visit(atom, set, false);
  if (walk.becameAtomic.isEmpty) return set;
  return set.recursiveDifference(walk.becameAtomic).union(walk.becameAtomic);
}

class Reconciling {
  readonly becameAtomic = new FieldSet();
  readonly #path: PathElement[] = [];

  /** `owned`: the place is a member with nothing below it, which is how atomics are owned. */
  visit(atom: Atom, set: FieldSet | undefined, owned: boolean): void {
    const { map, list, scalar } = atom;
    if (map !== undefined) {
      if (map.deduced) return;
      if (owned || !map.atomic) this.#visitEntries(atom, set);
      else if (set !== undefined) this.becameAtomic.insert(this.#path);
    } else if (list !== undefined && scalar === undefined) {
      if (owned || !list.atomic) this.#visitEntries(atom, set);
      else this.becameAtomic.insert(this.#path);
    }
  }

  #visitEntries(atom: Atom, set: FieldSet | undefined): void {
    if (set === undefined) return;
    for (const [element, node] of set.entries()) {
      const child = childAtom(atom, element);
      if (child === undefined) continue;
      this.#path.push(element);
      this.visit(child, node.children, node.member && node.children === undefined);
      this.#path.pop();
    }
  }
}

function childAtom(atom: Atom, element: PathElement): Atom | undefined {
  if (atom.map === undefined) return atom.list?.element;
  const name = fieldName(element);
  return (name === undefined ? undefined : atom.map.fields.get(name)) ?? atom.map.element;
}
