/**
 * Which paths lead to a review: their first part is known to kube-apiserver and to us, and nobody can guess it. Until
 * we know it there is none.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Client } from '../apiserver/client/client.ts';
import { createInformer } from '../apiserver/client/informer.ts';
import {
  PATH_LENGTH,
  PREVIOUS_MS,
  previousPath,
  WEBHOOK_PATH_NAME,
  webhookPathIn,
  type WebhookPath,
} from '../apiserver/client/webhook-path.ts';
import { Secret } from '../apiserver/kinds/native/secret.ts';
import type { Clock } from '../apiserver/runtime/clock.ts';
import type { Log } from '../apiserver/runtime/log.ts';

export interface ReviewPaths {
  /** What follows the part that cannot be guessed; undefined when that is wrong. */
  entryOf(path: string): string | undefined;
  /** Undefined once it is known. */
  missing(): string | undefined;
  start(): void;
  close(): Promise<void>;
}

interface Deps {
  readonly client: Pick<Client, 'list' | 'watch'>;
  /** Where the Secret is. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A server that hangs is found out before the registrations get a new path, 30 s after the Secret did. */
const MAX_SILENCE_MS = 15_000;

export function createReviewPaths({ client, namespace, clock, log }: Deps): ReviewPaths {
  const fieldSelector = `metadata.name=${WEBHOOK_PATH_NAME}`;
  const options = { client, namespace, clock, log, fieldSelector, maxSilenceMs: MAX_SILENCE_MS };
  const informer = createInformer(Secret, options);
  let known: WebhookPath | undefined;
  let replaced: { readonly path: string; readonly untilMs: number } | undefined;
  informer.onChange(({ type, object }) => {
    // Who empties the Secret wants another one; until that is there the registrations have the one we know.
    const next = type === 'deleted' ? undefined : webhookPathIn(object);
    if (next === undefined) return;
    // Written by somebody who did not know ours, as from a backup: the registrations hear of it later.
    if (known !== undefined && known.current !== next.current && known.current !== next.previous)
      replaced = { path: known.current, untilMs: clock.now() + PREVIOUS_MS };
    known = next;
  });
  const counting = (nowMs: number): readonly string[] => {
    if (known === undefined) return [];
    const previous = previousPath(known, nowMs);
    return [
      known.current,
      ...(previous === undefined ? [] : [previous]),
      ...(replaced !== undefined && nowMs < replaced.untilMs ? [replaced.path] : []),
    ];
  };
  return {
    entryOf: (path) => entryBelow(counting(clock.now()), path),
    missing: () =>
      known === undefined ? `Secret ${WEBHOOK_PATH_NAME} has not been read or is empty` : undefined,
    start: () => informer.start(),
    close: () => informer.close(),
  };
}

/** Takes as long for a path that is nearly right as for any other of its length. */
function entryBelow(counting: readonly string[], path: string): string | undefined {
  const end = PATH_LENGTH + 1;
  if (path.length <= end || path[0] !== '/' || path[end] !== '/') return undefined;
  const asked = Buffer.from(path.slice(1, end), 'latin1');
  const equal = counting.map((known) => timingSafeEqual(asked, Buffer.from(known, 'latin1')));
  return equal.includes(true) ? path.slice(end + 1) : undefined;
}
