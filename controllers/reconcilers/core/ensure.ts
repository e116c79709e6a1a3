/** Makes an object that a reconciler owns exist as rendered, with a write only when it does not. */
import { createHash } from 'node:crypto';
import { isObject } from '../../../apiserver/api/json.ts';
import type { ObjectMeta } from '../../../apiserver/api/meta.ts';
import type { InputFor, Resource } from '../../../apiserver/client/resource.ts';
import type { Run } from './reconciler.ts';

/** Hash of what was rendered; a changed hash is how fields that are no longer rendered get removed. */
export const DESIRED_HASH = 'polder.dev/desired-hash';

/**
 * | what is there                       | what happens                                   |
 * | ----------------------------------- | ---------------------------------------------- |
 * | nothing                             | created                                        |
 * | what was rendered, with our hash    | nothing; resolves with what is there           |
 * | another rendering, or foreign edits | server-side apply, taking back what we render  |
 */
export async function ensure<T extends { readonly metadata: ObjectMeta }>(
  run: Run,
  resource: Resource<T>,
  desired: InputFor<T>,
  known: T | undefined,
): Promise<T> {
  const stamped = stamp(desired);
  const isOurs = known?.metadata.annotations?.[DESIRED_HASH] === stamped.metadata.annotations?.[DESIRED_HASH];
  if (known !== undefined && isOurs && covers(known, desired)) return known;
  return run.apiClient.apply(resource, stamped, { force: true });
}

/** The rendering with its own hash on it. */
export function stamp<I extends InputFor<unknown>>(desired: I): I {
  const hash = createHash('sha256').update(canonical(desired)).digest('base64url').slice(0, 22);
  const annotations = { ...desired.metadata.annotations, [DESIRED_HASH]: hash };
  return Object.assign({}, desired, { metadata: { ...desired.metadata, annotations } });
}

/** True when everything that `desired` says stands in `live`; what `live` has beyond it does not count. */
export function covers(live: unknown, desired: unknown): boolean {
  if (desired === undefined) return true;
  if (Array.isArray(desired)) {
    if (!Array.isArray(live) || live.length !== desired.length) return false;
    return desired.every((item, index) => covers(live[index], item));
  }
  if (isObject(desired)) {
    if (!isObject(live)) return false;
    return Object.entries(desired).every(([key, value]) =>
      covers(Object.hasOwn(live, key) ? live[key] : undefined, value),
    );
  }
  return live === desired;
}

/** JSON with sorted keys: the same value is the same text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (!isObject(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
