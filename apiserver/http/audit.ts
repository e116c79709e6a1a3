/**
 * Who did what to which object, and which policy allowed or refused it: one audit.k8s.io/v1 Event per request as
 * a JSON line. Bodies, values and query strings are never part of it.
 */
import type { UserInfo } from '../api/identity.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Exchange } from './exchange.ts';

export interface Audit {
  record(exchange: Exchange): void;
  /** Writes what is buffered. */
  flush(): void;
}

export interface AuditOptions {
  /** Takes whole lines; must not block for long. */
  readonly write: (lines: string) => void;
  readonly clock: Clock;
}

/** A crash loses at most this much time, or this many characters, of records. */
const FLUSH_AFTER_MS = 250;
const FLUSH_FROM_LENGTH = 64 * 1024;

export function createAudit({ write, clock }: AuditOptions): Audit {
  let lines = '';
  let cancel: (() => void) | undefined;
  const flush = (): void => {
    cancel?.();
    cancel = undefined;
    if (lines === '') return;
    const whole = lines;
    lines = '';
    write(whole);
  };
  return {
    record: (exchange) => {
      lines += `${JSON.stringify(eventOf(exchange, clock.now()))}\n`;
      if (lines.length >= FLUSH_FROM_LENGTH) flush();
      else cancel ??= clock.after(FLUSH_AFTER_MS, flush);
    },
    flush,
  };
}

/** For tests and for those who switch audit off. */
export const noAudit: Audit = { record: () => undefined, flush: () => undefined };

function eventOf(exchange: Exchange, nowMs: number): object {
  const { info, user, impersonator, request } = exchange;
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: exchange.auditId,
    stage: 'ResponseComplete',
    requestURI: info.path,
    verb: info.verb,
    user: userOf(impersonator ?? user),
    ...(impersonator === undefined ? {} : { impersonatedUser: userOf(user) }),
    sourceIPs: [request.socket.remoteAddress ?? ''],
    userAgent: request.headers['user-agent'] ?? '',
    ...(info.isResource ? { objectRef: objectOf(exchange) } : {}),
    responseStatus: {
      metadata: {},
      code: exchange.code,
      ...(exchange.reason === undefined ? {} : { reason: exchange.reason }),
    },
    requestReceivedTimestamp: new Date(exchange.receivedMs).toISOString(),
    stageTimestamp: new Date(nowMs).toISOString(),
    annotations: annotationsOf(exchange),
  };
}

function userOf(user: UserInfo): object {
  return { username: user.name, ...(user.uid === undefined ? {} : { uid: user.uid }), groups: user.groups };
}

function objectOf({ info }: Exchange): object {
  return {
    resource: info.resource,
    ...(info.namespace === '' ? {} : { namespace: info.namespace }),
    ...(info.name === '' ? {} : { name: info.name }),
    ...(info.group === '' ? {} : { apiGroup: info.group }),
    apiVersion: info.version,
    ...(info.subresource === '' ? {} : { subresource: info.subresource }),
  };
}

function annotationsOf(exchange: Exchange): object {
  const { decision, annotations } = exchange;
  return {
    ...(decision === undefined
      ? {}
      : {
          'authorization.k8s.io/decision': decision.allowed ? 'allow' : 'forbid',
          'authorization.k8s.io/reason': decision.reason,
          'polder.dev/policies': decision.policies.join(','),
        }),
    ...(annotations === undefined ? {} : Object.fromEntries(annotations)),
  };
}
