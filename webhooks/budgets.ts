/**
 * How long we think about what one tenant writes: whoever sends large objects waits, and everybody else is answered
 * as before. Deciding blocks the process; kube-apiserver waits 2 or 3 s for us.
 */

export interface Budgets {
  /** Whole seconds until a tenant is thought about again, 8 at the most; 0: now. */
  wait(tenant: string): number;
  spend(tenant: string, ms: number): void;
}

/** At once after a pause: thousands of usual questions, or a few as large as Kubernetes lets them be. */
const BURST_MS = 2_000;
/** Of each second in the long run. */
const SHARE = 0.25;
/** Tenants that are remembered. */
const MAX_TENANTS = 4096;

interface Bucket {
  leftMs: number;
  atMs: number;
}

/** `elapsed`: milliseconds, monotonic. */
export function createBudgets(elapsed: () => number): Budgets {
  const buckets = new Map<string, Bucket>();
  const bucketOf = (tenant: string): Bucket => {
    const nowMs = elapsed();
    const bucket = buckets.get(tenant) ?? { leftMs: BURST_MS, atMs: nowMs };
    bucket.leftMs = Math.min(BURST_MS, bucket.leftMs + (nowMs - bucket.atMs) * SHARE);
    bucket.atMs = nowMs;
    return bucket;
  };
  return {
    wait: (tenant) => {
      if (!buckets.has(tenant)) return 0;
      const { leftMs } = bucketOf(tenant);
      return leftMs > 0 ? 0 : Math.max(1, Math.ceil(-leftMs / SHARE / 1000));
    },
    spend: (tenant, ms) => {
      const bucket = bucketOf(tenant);
      bucket.leftMs = Math.max(-BURST_MS, bucket.leftMs - ms);
      buckets.delete(tenant);
      // The one that was heard of the longest ago starts anew.
      if (buckets.size >= MAX_TENANTS) buckets.delete(buckets.keys().next().value ?? '');
      buckets.set(tenant, bucket);
    },
  };
}
