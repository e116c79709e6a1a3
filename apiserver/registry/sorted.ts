/**
 * Objects of one kind in path order (`namespace/name`), kept in blocks so that an insert moves at most one block
 * and a list is an array walk.
 */
import type { Stored } from './stored.ts';

const MAX_BLOCK = 512;

export interface Sorted {
  readonly size: number;
  /** Adds, or replaces the object at the same path. */
  set(object: Stored): void;
  delete(path: string): void;
  /** How many paths are smaller than `path`. */
  rank(path: string): number;
  /** Calls `visit` for each object with path >= `from`, in order, until it returns false. */
  walk(from: string, visit: (object: Stored) => boolean): void;
}

/** Index of the first element whose path is not smaller. */
function lowerBound(block: readonly Stored[], path: string): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const candidate = block[middle];
    if (candidate !== undefined && candidate.path < path) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const createSorted = (): Sorted => new Blocks();

class Blocks implements Sorted {
  #blocks: Stored[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  set(object: Stored): void {
    const at = this.#blockOf(object.path);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks = [[object]];
      this.#size = 1;
      return;
    }
    const index = lowerBound(block, object.path);
    if (block[index]?.path === object.path) {
      block[index] = object;
      return;
    }
    block.splice(index, 0, object);
    this.#size += 1;
    if (block.length > MAX_BLOCK) {
      // Ascending inserts (a bulk load) fill blocks whole; others split in the middle.
      const cut = index === block.length - 1 ? MAX_BLOCK : block.length >>> 1;
      this.#blocks.splice(at + 1, 0, block.splice(cut));
    }
  }

  delete(path: string): void {
    const at = this.#blockOf(path);
    const block = this.#blocks[at];
    const index = block === undefined ? -1 : lowerBound(block, path);
    if (block?.[index]?.path !== path) return;
    block.splice(index, 1);
    this.#size -= 1;
    if (block.length === 0) this.#blocks.splice(at, 1);
  }

  rank(path: string): number {
    const at = this.#blockOf(path);
    let before = 0;
    for (let index = 0; index < at; index += 1) before += this.#blocks[index]?.length ?? 0;
    const block = this.#blocks[at];
    return block === undefined ? 0 : before + lowerBound(block, path);
  }

  walk(from: string, visit: (object: Stored) => boolean): void {
    const at = this.#blockOf(from);
    for (let index = at; index < this.#blocks.length; index += 1) {
      const block = this.#blocks[index] ?? [];
      const start = index === at ? lowerBound(block, from) : 0;
      if (!walkBlock(block, start, visit)) return;
    }
  }

  /** Index of the only block that may hold `path`. */
  #blockOf(path: string): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const last = this.#blocks[middle]?.at(-1);
      if (last !== undefined && last.path < path) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function walkBlock(block: readonly Stored[], start: number, visit: (object: Stored) => boolean): boolean {
  for (let index = start; index < block.length; index += 1) {
    const object = block[index];
    if (object !== undefined && !visit(object)) return false;
  }
  return true;
}
