/**
 * What happens to every request, whatever it asks for, in this order: who asks, as whom, is the place ready, is
 * there room, how long may it take; then the handler; then audit and metrics.
 */
import { ApiError } from '../api/errors.ts';
import { ANONYMOUS, type Attributes, type UserInfo } from '../api/identity.ts';
import type { Authorizer } from '../policy/policy.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { attributesOf } from './access.ts';
import type { Audit } from './audit.ts';
import { unauthorized, type Authenticator } from './authentication/authenticator.ts';
import { setDeadline, timedOut } from './deadline.ts';
import type { Exchange } from './exchange.ts';
import { impersonate } from './impersonation.ts';
import type { InFlight } from './in-flight.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { sendError } from './respond.ts';

export interface PipelineDeps {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly inFlight: InFlight;
  readonly audit: Audit;
  readonly metrics: RequestMetrics;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Undefined: go on. A promise: the place the request goes to is still being set up; the request goes on when it
   * resolves, which it must within a few seconds whatever happens.
   */
  readonly ready?: (attributes: Attributes, user: UserInfo) => Promise<void> | undefined;
}

export interface Pipeline {
  /** Never rejects: every failure is answered. */
  run(exchange: Exchange, handle: (exchange: Exchange) => Promise<void> | void): Promise<void>;
}

export function createPipeline(deps: PipelineDeps): Pipeline {
  return {
    run: async (exchange, handle) => {
      let cancelDeadline: (() => void) | undefined;
      let hasSlot = false;
      let close: (() => void) | undefined;
      try {
        const found = deps.authenticator.authenticate(exchange.request);
        // Most callers are known from their connection or token: no turn is lost for them.
        identify(deps, exchange, found instanceof Promise ? await found : found);
        exchange.longRunning = exchange.info.verb === 'watch';
        hasSlot = deps.inFlight.enter(exchange);
        if (exchange.longRunning) close = deps.metrics.open(exchange);
        else cancelDeadline = setDeadline(deps.clock, exchange);
        const preparing = deps.ready?.(attributesOf(exchange.info), exchange.user);
        if (preparing !== undefined) await preparing;
        const handled = handle(exchange);
        if (handled !== undefined) await handled;
      } catch (error) {
        fail(deps.log, exchange, error);
      } finally {
        cancelDeadline?.();
        close?.();
        if (hasSlot) deps.inFlight.leave(exchange);
        deps.metrics.observe(exchange);
        deps.audit.record(exchange);
      }
    },
  };
}

function identify(deps: PipelineDeps, exchange: Exchange, user: UserInfo | undefined): void {
  if (user === undefined) {
    if (exchange.info.isResource || !isPublic(exchange.info.path)) throw unauthorized();
    exchange.user = ANONYMOUS;
    return;
  }
  exchange.user = user;
  impersonate(deps.authorizer, exchange);
}

/** Where callers without credentials are known as `system:anonymous`; the authorizer still decides. */
function isPublic(path: string): boolean {
  return PUBLIC.test(path);
}
const PUBLIC = /^\/(?:version|api|apis)(?:\/|$)/;

/** What the client caused is its answer; anything else is ours, logged, and answered without its text. */
function fail(log: Log, exchange: Exchange, error: unknown): void {
  if (error instanceof ApiError) {
    sendError(exchange, error);
    return;
  }
  if (exchange.signalAborted) {
    sendError(exchange, timedOut());
    return;
  }
  log.error('request failed', {
    auditID: exchange.auditId,
    verb: exchange.info.verb,
    resource: exchange.info.resource,
    error,
  });
  sendError(
    exchange,
    new ApiError('InternalError', `Internal error occurred: see audit ID ${exchange.auditId}`),
  );
}
