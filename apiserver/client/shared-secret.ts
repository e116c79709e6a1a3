/** A secret that all replicas of a program share: kept in a Secret of the cluster, made by whoever comes first. */
import { ApiError } from '../api/errors.ts';
import { Secret } from '../kinds/native/secret.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { backoffMs } from './backoff.ts';
import type { Client } from './client.ts';
import { pause } from './pause.ts';
import { isConflict } from './status.ts';

interface Wanted {
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
  /** Key in the Secret. */
  readonly key: string;
  /** Called when nobody has made it yet. */
  readonly make: () => Buffer;
  readonly signal: AbortSignal;
}

/** Rejects with the host's `ApiError`. */
export async function ensureSharedSecret(wanted: Wanted): Promise<Buffer> {
  const { client, namespace, name, key, signal } = wanted;
  const known = await client.find(Secret, { namespace, name }, { signal });
  const value = known?.data?.[key];
  if (value !== undefined && value !== '') return Buffer.from(value, 'base64');
  const made = wanted.make();
  const data = { ...known?.data, [key]: made.toString('base64') };
  try {
    if (known === undefined) {
      const labels = { 'app.kubernetes.io/part-of': 'polder', 'app.kubernetes.io/managed-by': 'polder' };
      await client.create(
        Secret,
        { metadata: { namespace, name, labels }, type: 'Opaque', data },
        { signal },
      );
    } else {
      await client.update(Secret, { ...known, data }, { signal });
    }
    return made;
  } catch (error) {
    const cameBetween = isConflict(error) || (error instanceof ApiError && error.reason === 'AlreadyExists');
    if (!cameBetween) throw error;
    return ensureSharedSecret(wanted);
  }
}

const RETRY = { baseMs: 1_000, capMs: 30_000, floorMs: 200 };

/** Tries until it succeeds: what a process cannot begin without. Rejects only when the signal is aborted. */
export async function untilDone<T>(
  what: string,
  attempt: () => Promise<T>,
  deps: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      deps.signal.throwIfAborted();
      deps.log.error(`${what}: not yet`, { error });
    }
    await pause(deps.clock, backoffMs(failures, RETRY), deps.signal);
  }
}
