/** Repeatable random numbers for tests that print their seed. */

/** A function that returns whole numbers in [0, below). Algorithm: xorshift32, Marsaglia 2003. */
export function random(seed: number): (below: number) => number {
  // Zero is the one state it never leaves; spread neighbouring seeds.
  let state = (Math.imul(seed + 1, 0x9e3779b1) | 0) === 0 ? 1 : Math.imul(seed + 1, 0x9e3779b1) | 0;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
