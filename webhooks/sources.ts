/**
 * What one address may take of us: questions per second, and of the questions that are being received at once a
 * share. One caller that nobody knows must not keep a kube-apiserver from being answered.
 */
import type { Clock } from '../apiserver/runtime/clock.ts';

export interface SourceLimits {
  /** Questions per second in the long run. */
  readonly perSecond: number;
  /** Questions at once after a pause. */
  readonly burst: number;
  /** Questions that are being received. */
  readonly receiving: number;
}

export interface Sources {
  /** Takes one question: 0 when there is one left, else seconds until there is. */
  take(source: string): number;
  /** Takes a place among those that are being received, until `leave`; false when its share is used up. */
  enter(source: string): boolean;
  /** After `enter` was true. */
  leave(source: string): void;
}

/** Addresses that are remembered; of about 100 bytes each. */
export const MAX_SOURCES = 4096;

interface Bucket {
  tokens: number;
  atMs: number;
}

export function createSources(limits: SourceLimits, clock: Clock): Sources {
  const { perSecond, burst, receiving } = limits;
  const buckets = new Map<string, Bucket>();
  // Not bounded by itself: the server bounds how many are being received at all.
  const places = new Map<string, number>();
  const bucketOf = (source: string, nowMs: number): Bucket => {
    const known = buckets.get(source);
    if (known !== undefined) return known;
    // The oldest goes and starts anew with a full bucket, so a crowd of addresses never slows down whoever was here.
    if (buckets.size >= MAX_SOURCES) buckets.delete(buckets.keys().next().value ?? '');
    const made = { tokens: burst, atMs: nowMs };
    buckets.set(source, made);
    return made;
  };
  return {
    take: (source) => {
      const nowMs = clock.monotonic();
      const bucket = bucketOf(source, nowMs);
      bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * perSecond);
      bucket.atMs = nowMs;
      if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / perSecond);
      bucket.tokens -= 1;
      return 0;
    },
    enter: (source) => {
      const taken = places.get(source) ?? 0;
      if (taken >= receiving) return false;
      places.set(source, taken + 1);
      return true;
    },
    leave: (source) => {
      const left = (places.get(source) ?? 0) - 1;
      if (left > 0) places.set(source, left);
      else places.delete(source);
    },
  };
}

/** One name for all addresses of one machine: IPv4 also where it is written as IPv6, and the first 64 bits of IPv6. */
export function sourceOf(address = ''): string {
  const [plain = ''] = address.toLowerCase().split('%');
  if (plain.startsWith('::ffff:') && plain.includes('.')) return plain.slice('::ffff:'.length);
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0');
  return `${[...first, ...(tail === undefined ? [] : zeros), ...last].slice(0, 4).join(':')}::/64`;
}
