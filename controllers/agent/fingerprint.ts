/** What an object says beside its status: two equal fingerprints mean that nobody changed what we could put back. */
import { createHash } from 'node:crypto';
import type { ApiObject } from '../../apiserver/client/resource.ts';

/** Bookkeeping of the server, which changes with every write of status too. */
const VOLATILE: ReadonlySet<string> = new Set(['resourceVersion', 'managedFields', 'generation']);

export function fingerprintOf(object: ApiObject): string {
  const { status: _status, metadata, ...rest } = object as ApiObject & { readonly status?: unknown };
  const kept = Object.entries(metadata).filter(([field]) => !VOLATILE.has(field));
  return createHash('sha256')
    .update(JSON.stringify([rest, kept]))
    .digest('base64url')
    .slice(0, 22);
}
