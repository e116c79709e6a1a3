/**
 * Who did what to which object, and which policy allowed or refused it: one audit.k8s.io/v1 Event per request as
 * a JSON line. Bodies, values and query strings are never part of it. It is written on every request, so what
 * repeats is serialised once.
 */
import { isIP, type Socket } from 'node:net';
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

/** Hops that are recorded; more are somebody's joke. */
const MAX_HOPS = 16;

/**
 * Where the request came from, hop by hop; all but the last are what somebody said.
 * source: k8s.io/apimachinery pkg/util/net SourceIPs.
 */
function sourceAddresses(forwarded: string | undefined, remote: string): readonly string[] {
  if (forwarded === undefined) return [remote];
  const hops = forwarded.split(',', MAX_HOPS).map((hop) => hop.trim());
  const known = hops.filter((hop) => isIP(hop) !== 0);
  return known.at(-1) === remote ? known : [...known, remote];
}

interface Caller {
  readonly user: UserInfo;
  readonly impersonator: UserInfo | undefined;
  readonly agent: string | undefined;
  /** As sent. */
  readonly forwarded: string | undefined;
  readonly text: string;
}

/** Field order differs from Kubernetes' own: what belongs together in caches stands together. */
function createSerialiser(): (exchange: Exchange, nowMs: number) => string {
  const users = new WeakMap<UserInfo, string>();
  const callers = new WeakMap<Socket, Caller>();
  const actions = new Map<Kind, Map<string, string>>();
  const times = createTimeTexts();
  const outcome = createOutcomeTexts();

  const user = (one: UserInfo): string => {
    let text = users.get(one);
    if (text === undefined) users.set(one, (text = userOf(one)));
    return text;
  };
  const caller = (exchange: Exchange): string => {
    const { request, impersonator } = exchange;
    const { 'user-agent': agent, 'x-forwarded-for': sent } = request.headers;
    const forwarded = typeof sent === 'string' ? sent : undefined;
    const known = callers.get(request.socket);
    const isSame = known?.agent === agent && known?.forwarded === forwarded;
    if (isSame && known?.user === exchange.user && known.impersonator === impersonator) return known.text;
    const who =
      impersonator === undefined
        ? user(exchange.user)
        : `${user(impersonator)},"impersonatedUser":${user(exchange.user)}`;
    const addresses = json(sourceAddresses(forwarded, request.socket.remoteAddress ?? ''));
    const text = flat(`","user":${who},"sourceIPs":${addresses},"userAgent":${json(agent ?? '')},`);
    callers.set(request.socket, { user: exchange.user, impersonator, agent, forwarded, text });
    return text;
  };
  const action = ({ info, kind }: Exchange): string => {
    // Only what is served is kept: other names come from URLs without end.
    if (kind === undefined || info.subresource !== '') return actionOf(info);
    const ofKind = actions.get(kind) ?? new Map<string, string>();
    actions.set(kind, ofKind);
    let text = ofKind.get(info.verb);
    if (text === undefined) ofKind.set(info.verb, (text = flat(actionOf(info))));
    return text;
  };

  return (exchange, nowMs) => {
    const { info } = exchange;
    const what = `${action(exchange)}${nameOf(info)},"requestURI":${json(info.path)}`;
    return `${HEAD}${exchange.auditId}${caller(exchange)}${what}${times(exchange.receivedMs, nowMs)}${outcome(exchange)}`;
  };
}

/** As one piece: what is copied into many lines is put together once. */
const flat = (text: string): string => Buffer.from(text).toString();

/** Code, reason, decision and notes, to the end of the line; most requests end like the one before. */
function createOutcomeTexts(): (exchange: Exchange) => string {
  let last:
    { readonly code: number; readonly decision: Decision | undefined; readonly text: string } | undefined;
  return (exchange) => {
    const { code, decision, reason, annotations } = exchange;
    const isPlain = reason === undefined && annotations === undefined;
    if (isPlain && last?.code === code && last.decision === decision) return last.text;
    const decided = decision === undefined ? '' : decisionText(decision);
    const notes = annotationsOf(decided, annotations);
    const text = `,"responseStatus":${statusOf(exchange)},"annotations":{${notes}}}\n`;
    if (!isPlain) return text;
    last = { code, decision, text: flat(text) };
    return last.text;
  };
}

function createTimeTexts(): (receivedMs: number, nowMs: number) => string {
  const time = createTimeText();
  let last = '';
  let lastReceivedMs = Number.NaN;
  let lastNowMs = Number.NaN;
  return (receivedMs, nowMs) => {
    if (receivedMs !== lastReceivedMs || nowMs !== lastNowMs) {
      lastReceivedMs = receivedMs;
      lastNowMs = nowMs;
      last = `,"requestReceivedTimestamp":"${time(receivedMs)}","stageTimestamp":"${time(nowMs)}"`;
    }
    return last;
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

function decisionText({ allowed, reason, policies }: Decision): string {
  const verdict = allowed ? 'allow' : 'forbid';
  return `"authorization.k8s.io/decision":"${verdict}","authorization.k8s.io/reason":${json(
    reason,
  )},"polder.dev/policies":${json(policies.join(','))}`;
}
