/** Audit IDs: UUIDs that count on from a random one, because they are unique names and no secrets. */
import { randomUUID } from 'node:crypto';

/** IDs from one random UUID; its last four digits count them. */
const BLOCK = 0x10000;
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function createAuditIds(): () => string {
  let prefix = '';
  let next = BLOCK;
  return () => {
    if (next === BLOCK) {
      prefix = randomUUID().slice(0, -4);
      next = 0;
    }
    const id = `${prefix}${HEX[next >>> 8] ?? ''}${HEX[next & 0xff] ?? ''}`;
    next += 1;
    return id;
  };
}
