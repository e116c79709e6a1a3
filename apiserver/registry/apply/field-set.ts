/**
 * Sets of field paths, kept as a tree. A path may be a member, have members below it, or both; ownership and
 * every comparison of server-side apply are expressed in these sets.
 * source: structured-merge-diff fieldpath/set.go.
 */
import { sortElements, type Path, type PathElement } from './path-element.ts';

interface FieldNode {
  readonly member: boolean;
  readonly children: FieldSet | undefined;
}

/**
 * Invariant: a node is there only if it is a member or has members below it, so an empty set has no nodes.
 * Mutable through `put` and `insert` while it is built, never afterwards: results share subtrees with operands.
 */
export class FieldSet {
  readonly #nodes = new Map<PathElement, FieldNode>();

  static of(...paths: readonly Path[]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path);
    return set;
  }

  get isEmpty(): boolean {
    return this.#nodes.size === 0;
  }

  /** Sets one direct entry, replacing what was there; an entry without content is left out. */
  put(element: PathElement, member: boolean, children?: FieldSet): void {
    const kept = children === undefined || children.isEmpty ? undefined : children;
    if (member || kept !== undefined) this.#nodes.set(element, { member, children: kept });
  }

  /** Adds one path; its parents do not become members. The empty path stands for the whole object: ignored. */
  insert(path: Path): void {
    this.insertTree(path, undefined);
  }

  /** Adds a path and, as given, everything below it. The subtree is shared: it must not change any more. */
  insertTree(path: Path, below: FieldSet | undefined): void {
    this.#insertAt(path, 0, below);
  }

  #insertAt(path: Path, depth: number, below: FieldSet | undefined): void {
    const element = path[depth];
    if (element === undefined) return;
    const node = this.#nodes.get(element);
    if (depth === path.length - 1) {
      this.put(element, true, below ?? node?.children);
      return;
    }
    const children = node?.children ?? new FieldSet();
    if (node?.children === undefined) this.#nodes.set(element, { member: node?.member ?? false, children });
    children.#insertAt(path, depth + 1, below);
  }

  /** True when the direct entry is a member. */
  has(element: PathElement): boolean {
    return this.#nodes.get(element)?.member ?? false;
  }

  /** What is below a direct entry; undefined when nothing is. */
  below(element: PathElement): FieldSet | undefined {
    return this.#nodes.get(element)?.children;
  }

  includes(path: Path): boolean {
    const [first, ...rest] = path;
    if (first === undefined) return false;
    return rest.length === 0 ? this.has(first) : (this.below(first)?.includes(rest) ?? false);
  }

  /** Direct entries in no particular order. */
  entries(): IterableIterator<[PathElement, FieldNode]> {
    return this.#nodes.entries();
  }

  /** Direct entries in the order in which `fieldsV1` is written. */
  sorted(): PathElement[] {
    return sortElements([...this.#nodes.keys()]);
  }

  union(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
    if (this.isEmpty) return other;
    const out = new FieldSet();
    for (const [element, node] of this.#nodes) {
      const peer = other.#nodes.get(element);
      out.#nodes.set(element, peer === undefined ? node : unite(node, peer));
    }
    for (const [element, node] of other.#nodes) if (!this.#nodes.has(element)) out.#nodes.set(element, node);
    return out;
  }

  intersection(other: FieldSet): FieldSet {
    if (other.#nodes.size < this.#nodes.size) return other.intersection(this);
    const out = new FieldSet();
    for (const [element, node] of this.#nodes) {
      const peer = other.#nodes.get(element);
      if (peer === undefined) continue;
      const children = peer.children === undefined ? undefined : node.children?.intersection(peer.children);
      out.put(element, node.member && peer.member, children);
    }
    return out;
  }

  /** Paths of this set that are not in the other; removing a parent leaves what is below it. */
  difference(other: FieldSet): FieldSet {
    if (!this.#meets(other)) return this;
    const out = new FieldSet();
    for (const [element, node] of this.#nodes) {
      const peer = other.#nodes.get(element);
      if (peer === undefined) out.#nodes.set(element, node);
      else out.put(element, node.member && !peer.member, less(node.children, peer.children));
    }
    return out;
  }

  /** Like `difference`, but a member of the other set takes everything below it along. */
  recursiveDifference(other: FieldSet): FieldSet {
    if (!this.#meets(other)) return this;
    const out = new FieldSet();
    for (const [element, node] of this.#nodes) {
      const peer = other.#nodes.get(element);
      if (peer === undefined) out.#nodes.set(element, node);
      else if (!peer.member) out.put(element, node.member, lessBranches(node.children, peer.children));
    }
    return out;
  }

  /** True when both have an entry of the same element. */
  #meets(other: FieldSet): boolean {
    const [few, many] = this.#nodes.size < other.#nodes.size ? [this, other] : [other, this];
    for (const element of few.#nodes.keys()) if (many.#nodes.has(element)) return true;
    return false;
  }

  /** True when every member of the other set is one of this. */
  holds(other: FieldSet): boolean {
    for (const [element, node] of other.#nodes) {
      const mine = this.#nodes.get(element);
      if (mine === undefined || (node.member && !mine.member)) return false;
      if (node.children !== undefined && mine.children?.holds(node.children) !== true) return false;
    }
    return true;
  }

  equals(other: FieldSet): boolean {
    if (this.#nodes.size !== other.#nodes.size) return false;
    for (const [element, node] of this.#nodes) {
      const peer = other.#nodes.get(element);
      if (peer === undefined || node.member !== peer.member) return false;
      if (!sameChildren(node.children, peer.children)) return false;
    }
    return true;
  }

  /** Every member, parents' own entries first, in written order. */
  paths(): readonly Path[] {
    const out: Path[] = [];
    this.#collect([], out);
    return out;
  }

  #collect(prefix: Path, out: Path[]): void {
    const elements = this.sorted();
    for (const element of elements) if (this.has(element)) out.push([...prefix, element]);
    for (const element of elements) {
      const children = this.below(element);
      if (children !== undefined) children.#collect([...prefix, element], out);
    }
  }
}

const unite = (a: FieldNode, b: FieldNode): FieldNode => ({
  member: a.member || b.member,
  children:
    a.children === undefined || b.children === undefined
      ? (a.children ?? b.children)
      : a.children.union(b.children),
});

const less = (a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined =>
  b === undefined ? a : a?.difference(b);

const lessBranches = (a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined =>
  b === undefined ? a : a?.recursiveDifference(b);

const sameChildren = (a: FieldSet | undefined, b: FieldSet | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.equals(b);
