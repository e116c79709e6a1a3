/** What a key may be and how keys are ordered: by the bytes of their UTF-8 form, in every driver alike. */
export const MAX_KEY_BYTES = 4096;

/** Throws a `TypeError` for a key no driver could store and give back unchanged. */
export function checkKey(key: string): void {
  if (key.length === 0) throw new TypeError('store: the key is empty');
  // UTF-8 needs at most three bytes for each UTF-16 unit: short keys need no counting.
  if (key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new TypeError(`store: the key is longer than ${MAX_KEY_BYTES} bytes`);
  }
  // A lone surrogate has no UTF-8 form: two such keys would become one.
  if (!key.isWellFormed()) throw new TypeError(`store: the key ${JSON.stringify(key)} is not valid Unicode`);
}

export const compareKeys = (left: string, right: string): number =>
  left === right ? 0 : Buffer.compare(Buffer.from(left), Buffer.from(right));

/** The smallest key greater than every key that starts with `prefix`; undefined when there is none. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0;
    // U+D800 to U+DFFF are surrogates, not characters: the successor of U+D7FF is U+E000.
    if (point < 0x10ffff)
      return points.join('') + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1);
  }
  return undefined;
}
