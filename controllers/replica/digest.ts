/** The fingerprint of a plane's desired state: equal digests mean nothing is left to send. */
import { createHash } from 'node:crypto';

export interface DigestLine {
  readonly uid: string;
  readonly gen: number;
  readonly sha256: string;
}

/** SHA-256, hex, over the sorted `(uid, generation, sha256)` lines; the order of the input does not matter. */
export function digestOf(lines: Iterable<DigestLine>): string {
  const sorted = [...lines].map(({ uid, gen, sha256 }) => `${uid} ${gen} ${sha256}\n`).sort();
  return createHash('sha256').update(sorted.join('')).digest('hex');
}
