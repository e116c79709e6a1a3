/**
 * `polder breakglass`: for the hour in which our webhooks do not answer and something must be done all the same.
 * Acts as the caller, for a bounded time, and leaves a trace: annotations, an Event, the audit log of the cluster.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { at, type JsonObject } from '../api/json.ts';
import { ApiError } from '../api/errors.ts';
import { createClient, type Client } from '../client/client.ts';
import { ClusterConfigError, fromKubeconfig } from '../client/cluster-config.ts';
import type { Resource } from '../client/resource.ts';
import { isConflict } from '../client/status.ts';
import {
  breakGlassOf,
  closing,
  failingEntries,
  MAX_BREAK_GLASS_MS,
  opening,
  openWithoutTrace,
  type BreakGlass,
} from '../host/break-glass-state.ts';
import { WEBHOOK_CONFIGURATIONS, WEBHOOKS_NAME } from '../host/injection.ts';
import { recordEvent } from '../host/registration-events.ts';
import { systemClock, timestamp } from '../runtime/clock.ts';
import { describeFlags, readFlags, UsageError, type Flags, type Values } from '../runtime/flags.ts';
import { createLog } from '../runtime/log.ts';

export const BREAKGLASS_FLAGS: Flags = {
  for: { help: 'How long, such as 90s, 30m or 2h; at most 4h. Again: from now on.', default: '30m' },
  reason: { help: 'Why; needed, and kept where auditors look. No secrets.' },
  end: { help: 'Puts everything back at once, also what is let go without annotations.', boolean: true },
  kubeconfig: { help: 'As whom and where. Default: $KUBECONFIG, else ~/.kube/config.' },
  help: { help: 'Shows this text.', boolean: true },
};
const COMPONENT = 'polder-breakglass';
const MAX_REASON = 512;
const MAX_ATTEMPTS = 5;

interface Caller {
  readonly client: Client;
  /** User name, as the cluster knows it. */
  readonly name: string;
  /** Of the cluster where it tells, in milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Exit codes: 0 done, 1 failed. Throws `UsageError`. */
export async function breakglass(args: readonly string[]): Promise<number> {
  const values = readFlags(BREAKGLASS_FLAGS, args, process.env);
  if (values['help']?.[0] === 'true') {
    const usage = "usage: polder breakglass --reason 'why' [--for 30m]\n       polder breakglass --end";
    process.stdout.write(`${usage}\n\n${describeFlags(BREAKGLASS_FLAGS)}\n`);
    return 0;
  }
  const isEnd = values['end']?.[0] === 'true';
  const forMs = durationMs(values['for']?.[0] ?? '');
  const reason = isEnd ? '' : checkedReason(values['reason']?.[0]);
  const client = clientOf(values);
  try {
    const caller = await whoAmI(client);
    await (isEnd ? end(caller) : begin(caller, { reason, forMs }));
    return 0;
  } finally {
    await client.close();
  }
}

/** Throws `UsageError`. */
export function durationMs(text: string): number {
  const [, count = '', unit = ''] = /^([0-9]{1,6})(s|m|h)$/.exec(text) ?? [];
  const ms = Number(count) * ({ s: 1_000, m: 60_000, h: 3_600_000 }[unit] ?? Number.NaN);
  if (ms >= 1_000 && ms <= MAX_BREAK_GLASS_MS) return ms;
  throw new UsageError(`--for is "${text}"; it must be a time from 1s to 4h, such as 30m`);
}

/** Throws `UsageError`. */
function checkedReason(reason = ''): string {
  if (reason.trim() !== '' && reason.length <= MAX_REASON && !/\p{Cc}/u.test(reason)) return reason.trim();
  throw new UsageError(`--reason is needed: 1 to ${MAX_REASON} printable characters`);
}

/** Of a person: the service account of a pod is never taken, or nobody could tell who it was. */
function clientOf(values: Values): Client {
  const fromEnv = process.env['KUBECONFIG'] ?? '';
  if (values['kubeconfig'] === undefined && fromEnv.includes(delimiter)) {
    throw new UsageError('KUBECONFIG names several files; give the one to use with --kubeconfig');
  }
  const path = values['kubeconfig']?.[0] ?? (fromEnv || join(homedir(), '.kube', 'config'));
  if (!existsSync(path)) throw new UsageError(`${path} does not exist; give --kubeconfig`);
  try {
    const config = fromKubeconfig(path, systemClock);
    return createClient({ ...config, log: createLog({ level: 'error' }), fieldManager: COMPONENT });
  } catch (error) {
    if (!(error instanceof ClusterConfigError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

const SelfSubjectReview: Resource<JsonObject & { metadata: never }> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  scope: 'Cluster',
};

async function whoAmI(client: Client): Promise<Caller> {
  const review: unknown = await client.create(SelfSubjectReview, { metadata: {} });
  const name = at(review, 'status.userInfo.username');
  const clusterMs = Date.parse(String(at(review, 'metadata.creationTimestamp')));
  return {
    client,
    name: typeof name === 'string' && name !== '' ? name : 'unknown',
    nowMs: Number.isNaN(clusterMs) ? systemClock.now() : clusterMs,
  };
}

async function begin(
  caller: Caller,
  { reason, forMs }: { readonly reason: string; readonly forMs: number },
): Promise<void> {
  const wanted = { untilMs: caller.nowMs + forMs, by: caller.name, reason };
  const open: string[] = [];
  const closed: string[] = [];
  // What refuses goes last: as long as it holds, nothing has happened.
  for (const kind of WEBHOOK_CONFIGURATIONS) {
    const object = await change(caller.client, kind, (known) => opening(known, wanted)?.patch);
    const entries = breakGlassOf(object)?.entries ?? [];
    open.push(...entries);
    closed.push(...failingEntries(object));
    // Its owner has it fail open for good.
    if (entries.length === 0) continue;
    const message = `${caller.name} let go ${entries.join(', ')} until ${timestamp(wanted.untilMs)}: ${reason}`;
    await tell(caller, { kind, object }, { type: 'Warning', reason: 'BreakGlassStarted', message });
  }
  if (open.length === 0) throw new Error('there is nothing to let go: no entry of our webhooks fails closed');
  process.stdout.write(
    [
      `break-glass is on until ${timestamp(wanted.untilMs)}, by ${caller.name}: ${reason}`,
      `  let go while nobody answers: ${open.join(', ')}`,
      `  as before: ${[...closed, 'every ValidatingAdmissionPolicy'].join(', ')}`,
      '  those of our manifests keep pods of tenants off the node and the tenant labels of namespaces; the rest of what',
      '  webhooks check, access policies included, is up to RBAC alone',
      'polder apiserver puts it back then, and kubectl apply of the manifests at once, as does: polder breakglass --end',
      '',
    ].join('\n'),
  );
}

async function end(caller: Caller): Promise<void> {
  const ended: BreakGlass[] = [];
  for (const kind of [...WEBHOOK_CONFIGURATIONS].reverse()) {
    let known: BreakGlass | undefined;
    const object = await change(caller.client, kind, (found) => {
      known = breakGlassOf(found) ?? openWithoutTrace(found);
      return known === undefined ? undefined : closing(found, known);
    });
    if (known === undefined) continue;
    ended.push(known);
    const message = `${caller.name} put back ${known.entries.join(', ')}`;
    await tell(caller, { kind, object }, { type: 'Normal', reason: 'BreakGlassEnded', message });
  }
  const entries = ended.flatMap((each) => each.entries).join(', ');
  process.stdout.write(ended.length === 0 ? 'break-glass is not on\n' : `put back: ${entries}\n`);
}

/** The object as it is then. Others write it too: the patch is made again from what is there. */
async function change(
  client: Client,
  kind: Resource<JsonObject>,
  patchFor: (object: JsonObject) => JsonObject | undefined,
): Promise<JsonObject> {
  for (let attempt = 1; ; attempt += 1) {
    const object = await client.get(kind, { name: WEBHOOKS_NAME });
    const patch = patchFor(object);
    if (patch === undefined) return object;
    try {
      return await client.patch(kind, { name: WEBHOOKS_NAME }, patch);
    } catch (error) {
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Who may change webhooks but write no events shall not be stopped by that: the annotations have it too. */
async function tell(
  { client, nowMs }: Caller,
  about: { readonly kind: Resource<JsonObject>; readonly object: JsonObject },
  event: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string },
): Promise<void> {
  try {
    await recordEvent(client, about, { ...event, component: COMPONENT, nowMs });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    process.stderr.write(`polder: no Event was written: ${error.message}\n`);
  }
}
