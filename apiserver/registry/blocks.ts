/**
 * Memory for the bytes of cached objects: many of them share one block, because a buffer of its own costs an object
 * some 400 bytes and the collector a look at each. A block goes when nothing refers to it any more; blocks that have
 * become sparse are emptied by moving what is left of them.
 */

const BLOCK_BYTES = 128 * 1024;
/** Larger objects get a block of their own. */
const MAX_SHARED_BYTES = BLOCK_BYTES / 8;
/** A block with less in use is worth emptying, once enough is wasted over all blocks. */
const SPARSE_SHARE = 0.75;
const MAX_WASTED_SHARE = 0.5;
const MAX_WASTED_BYTES = 8 * 1024 * 1024;

export class Block {
  readonly bytes: Buffer;
  /** Where the next object goes. */
  used = 0;
  /** Bytes of current objects. */
  live = 0;

  constructor(size: number) {
    // Not from Buffer's pool: it would be kept alive.
    this.bytes = Buffer.allocUnsafeSlow(size);
  }
}

export class Blocks {
  #open: Block | undefined;
  /** Of blocks with current objects. */
  #held = 0;
  #live = 0;

  /** A block with room for `length` bytes from its `used` on; whoever fills them moves `used`. */
  withRoom(length: number): Block {
    if (length > MAX_SHARED_BYTES) return new Block(length);
    if (this.#open === undefined || this.#open.used + length > BLOCK_BYTES)
      this.#open = new Block(BLOCK_BYTES);
    return this.#open;
  }

  /** Bytes of the block belong to a current object from now on. */
  enter(block: Block, length: number): void {
    if (block.live === 0) this.#held += block.bytes.length;
    block.live += length;
    this.#live += length;
  }

  leave(block: Block, length: number): void {
    block.live -= length;
    this.#live -= length;
    if (block.live === 0) this.#held -= block.bytes.length;
  }

  /** True when so much memory is held for nothing that moving objects out of sparse blocks is worth it. */
  get isWasteful(): boolean {
    return this.#held - this.#live > this.#live * MAX_WASTED_SHARE + MAX_WASTED_BYTES;
  }

  isSparse(block: Block): boolean {
    return block !== this.#open && block.live < block.bytes.length * SPARSE_SHARE;
  }
}
