/**
 * The part of our webhooks' paths that nobody can guess: who knows it may ask `polder webhooks`. It is kept in one
 * Secret. `polder apiserver` makes and renews it and writes it where kube-apiserver reads it; `polder webhooks` reads it.
 */
import { randomBytes } from 'node:crypto';
import { Secret } from '../kinds/native/secret.ts';
import { DAY_MS } from '../runtime/certificates.ts';
import { timestamp } from '../runtime/clock.ts';
import type { Client } from './client.ts';
import { isAlreadyExists, isConflict } from './status.ts';

/** Name of the Secret. */
export const WEBHOOK_PATH_NAME = 'polder-webhook-path';

export interface WebhookPath {
  /** 64 hexadecimal digits. */
  readonly current: string;
  /** What the registrations held before, which counts for a while. */
  readonly previous: string | undefined;
  /** When `current` was made, in milliseconds since the epoch. */
  readonly madeMs: number;
}

/** While nobody answers, kube-apiserver names the whole URL to whom it refuses: what they saw is soon worth nothing. */
const RENEW_MS = DAY_MS;
/** A replica of the webhooks that has not heard of the new one by then has lost the cluster, and decides nothing. */
const SETTLE_MS = 30_000;
/** Whose clock is ahead of ours by more was wrong: what it made would count for as long as it is ahead. */
const AHEAD_MS = 5 * 60_000;
/** `polder apiserver` needs two looks after that at the most. */
export const PREVIOUS_MS = 10 * 60_000;
const BYTES = 32;
/** Characters of a path. */
export const PATH_LENGTH = BYTES * 2;
/** kube-apiserver takes lower case letters and digits only. */
const FORM = /^[0-9a-f]{64}$/;
/** Another replica made it meanwhile; each try starts from what is there then. */
const MAX_ATTEMPTS = 5;

/** What the registrations are to carry: the new one when every replica of the webhooks knows it. */
export const registeredPath = ({ current, previous, madeMs }: WebhookPath, nowMs: number): string =>
  previous !== undefined && nowMs < madeMs + SETTLE_MS ? previous : current;

/** The old one, as long as somebody may still ask by it. */
export const previousPath = ({ previous, madeMs }: WebhookPath, nowMs: number): string | undefined =>
  nowMs < madeMs + PREVIOUS_MS ? previous : undefined;

/** Undefined when the Secret does not hold one. */
export function webhookPathIn(secret: Secret | undefined): WebhookPath | undefined {
  const text = (key: string): string => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('latin1');
  const [current, previous, madeMs] = [text('current'), text('previous'), Date.parse(text('made'))];
  if (!FORM.test(current) || Number.isNaN(madeMs)) return undefined;
  return { current, previous: FORM.test(previous) ? previous : undefined, madeMs };
}

interface Deps {
  readonly client: Pick<Client, 'find' | 'create' | 'update'>;
  readonly namespace: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/**
 * Reads it, or makes a new one where there is none or it is a day old. `known`: what was read before, so that emptying
 * the Secret is a way to replace it that no review notices. Rejects with the `ApiError` of the host.
 */
export async function ensureWebhookPath(deps: Deps, known: WebhookPath | undefined): Promise<WebhookPath> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ensureOnce(deps, known);
    } catch (error) {
      const cameBetween = isConflict(error) || isAlreadyExists(error);
      if (!cameBetween || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

async function ensureOnce(deps: Deps, known: WebhookPath | undefined): Promise<WebhookPath> {
  const { client, namespace, now, signal } = deps;
  const ref = { namespace, name: WEBHOOK_PATH_NAME };
  const stored = await client.find(Secret, ref, { signal });
  const found = webhookPathIn(stored);
  if (found !== undefined && isOfToday(found, now)) return found;
  const before = found ?? known;
  const made: WebhookPath = {
    current: randomBytes(BYTES).toString('hex'),
    previous: before === undefined ? undefined : registeredPath(before, now),
    madeMs: now,
  };
  const data = dataOf(made);
  if (stored === undefined) {
    const labels = { 'app.kubernetes.io/part-of': 'polder', 'app.kubernetes.io/managed-by': 'polder' };
    await client.create(Secret, { metadata: { ...ref, labels }, type: 'Opaque', data }, { signal });
  } else {
    await client.update(Secret, { ...stored, data }, { signal });
  }
  return made;
}

const isOfToday = ({ madeMs }: WebhookPath, now: number): boolean =>
  now - madeMs < RENEW_MS && madeMs - now < AHEAD_MS;

function dataOf({ current, previous, madeMs }: WebhookPath): Record<string, string> {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return {
    current: base64(current),
    ...(previous === undefined ? {} : { previous: base64(previous) }),
    made: base64(timestamp(madeMs)),
  };
}
