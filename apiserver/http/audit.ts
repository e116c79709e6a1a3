/**
 * Who did what to which object, and which policy allowed or refused it: one audit.k8s.io/v1 Event per request as
 * a JSON line. Bodies, values and query strings are never part of it. It is written on every request, so what
 * repeats is serialised once.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Decision, UserInfo } from '../api/identity.ts';
import type { Kind } from '../api/kind.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Exchange } from './exchange.ts';
import type { RequestInfo } from './request-info.ts';

export interface Audit {
  record(exchange: Exchange): void;
  /** Writes what is buffered. */
  flush(): void;
}

export interface AuditOptions {
  /** Takes whole lines, and the buffer they are in; must not block for long. */
  readonly write: (lines: Buffer) => void;
  readonly clock: Clock;
}

/** A crash loses at most this much time, or this many bytes, of records. */
const FLUSH_AFTER_MS = 250;
const BUFFER_BYTES = 64 * 1024;

export function createAudit({ write, clock }: AuditOptions): Audit {
  // Records are encoded where they wait: no text is joined or copied again on its way to the file.
  let buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  let used = 0;
  let cancel: (() => void) | undefined;
  const eventOf = createSerialiser();
  const flush = (): void => {
    cancel?.();
    cancel = undefined;
    if (used === 0) return;
    const lines = buffer.subarray(0, used);
    buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    used = 0;
    write(lines);
  };
  return {
    record: (exchange) => {
      const line = eventOf(exchange, clock.now());
      // A character takes at most three bytes.
      const most = line.length * 3;
      if (used + most > BUFFER_BYTES) flush();
      if (most > BUFFER_BYTES) {
        write(Buffer.from(line));
        return;
      }
      used += buffer.write(line, used);
      cancel ??= clock.after(FLUSH_AFTER_MS, flush);
    },
    flush,
  };
}

/** For tests and for those who switch audit off. */
export const noAudit: Audit = { record: () => undefined, flush: () => undefined };

const HEAD =
  '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","stage":"ResponseComplete","auditID":"';
const json = (value: unknown): string => JSON.stringify(value);

/** Field order differs from Kubernetes' own: what belongs together in caches stands together. */
function createSerialiser(): (exchange: Exchange, nowMs: number) => string {
  const users = new WeakMap<UserInfo, string>();
  const clients = new WeakMap<Socket, { readonly agent: string | undefined; readonly text: string }>();
  const actions = new Map<Kind, Map<string, string>>();
  const time = createTimeText();
  let lastDecision: { readonly decision: Decision; readonly text: string } | undefined;

  const user = (one: UserInfo): string => {
    let text = users.get(one);
    if (text === undefined) users.set(one, (text = userOf(one)));
    return text;
  };
  const client = ({ socket, headers }: IncomingMessage): string => {
    const agent = headers['user-agent'];
    const known = clients.get(socket);
    if (known !== undefined && known.agent === agent) return known.text;
    const text = `"sourceIPs":[${json(socket.remoteAddress ?? '')}],"userAgent":${json(agent ?? '')}`;
    clients.set(socket, { agent, text });
    return text;
  };
  const action = ({ info, kind }: Exchange): string => {
    // Only what is served is kept: other names come from URLs without end.
    if (kind === undefined || info.subresource !== '') return actionOf(info);
    const ofKind = actions.get(kind) ?? new Map<string, string>();
    actions.set(kind, ofKind);
    let text = ofKind.get(info.verb);
    if (text === undefined) ofKind.set(info.verb, (text = actionOf(info)));
    return text;
  };
  const decided = (decision: Decision | undefined): string => {
    if (decision === undefined) return '';
    const known = lastDecision;
    if (known !== undefined && isSame(known.decision, decision)) return known.text;
    const text = decisionText(decision);
    lastDecision = { decision, text };
    return text;
  };

  return (exchange, nowMs) => {
    const { info, impersonator } = exchange;
    const who =
      impersonator === undefined
        ? user(exchange.user)
        : `${user(impersonator)},"impersonatedUser":${user(exchange.user)}`;
    const when = `"requestReceivedTimestamp":"${time(exchange.receivedMs)}","stageTimestamp":"${time(nowMs)}"`;
    const what = `"requestURI":${json(info.path)},${action(exchange)}${nameOf(info)}`;
    const notes = annotationsOf(decided(exchange.decision), exchange.annotations);
    return `${HEAD}${exchange.auditId}","user":${who},${client(exchange.request)},${what},"responseStatus":${statusOf(exchange)},${when},"annotations":{${notes}}}\n`;
  };
}

/** Requests of the same millisecond share its text. */
function createTimeText(): (ms: number) => string {
  let lastMs = Number.NaN;
  let last = '';
  return (ms) => {
    if (ms !== lastMs) {
      lastMs = ms;
      last = new Date(ms).toISOString();
    }
    return last;
  };
}

function userOf(user: UserInfo): string {
  return json({
    username: user.name,
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    groups: user.groups,
  });
}

/** Verb and object up to its namespace and name; `nameOf` goes on from there. */
function actionOf({ isResource, verb, resource, group, version, subresource }: RequestInfo): string {
  const text = `"verb":${json(verb)}`;
  if (!isResource) return text;
  return `${text},"objectRef":{"resource":${json(resource)}${optional('apiGroup', group)},"apiVersion":${json(
    version,
  )}${optional('subresource', subresource)}`;
}

function nameOf({ isResource, namespace, name }: RequestInfo): string {
  return isResource ? `${optional('namespace', namespace)}${optional('name', name)}}` : '';
}

const optional = (field: string, value: string): string => (value === '' ? '' : `,"${field}":${json(value)}`);

function statusOf({ code, reason }: Exchange): string {
  return `{"metadata":{},"code":${code}${reason === undefined ? '' : `,"reason":${json(reason)}`}}`;
}

function annotationsOf(decided: string, annotations: ReadonlyMap<string, string> | undefined): string {
  if (annotations === undefined) return decided;
  const noted = json(Object.fromEntries(annotations)).slice(1, -1);
  return decided === '' || noted === '' ? decided + noted : `${decided},${noted}`;
}

function isSame(a: Decision, b: Decision): boolean {
  if (a === b) return true;
  if (a.allowed !== b.allowed || a.reason !== b.reason || a.policies.length !== b.policies.length)
    return false;
  return a.policies.every((policy, index) => policy === b.policies[index]);
}

function decisionText({ allowed, reason, policies }: Decision): string {
  const verdict = allowed ? 'allow' : 'forbid';
  return `"authorization.k8s.io/decision":"${verdict}","authorization.k8s.io/reason":${json(
    reason,
  )},"polder.dev/policies":${json(policies.join(','))}`;
}
