/**
 * What happens to every request, whatever it asks for, in this order: who asks, as whom, does the host cluster let it
 * pass, is there room, how long may it take, is what we know new enough, is the place ready; then the handler; then audit and metrics.
 */
import { ApiError } from '../api/errors.ts';
import { ANONYMOUS, type Attributes, type UserInfo } from '../api/identity.ts';
import type { AccessGate, Authorizer } from '../policy/policy.ts';
import type { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { attributesOf, requirePassage } from './access.ts';
import type { Audit } from './audit.ts';
import { unauthorized, type Authenticator } from './authentication/authenticator.ts';
import { createDeadlines, timedOut } from './deadline.ts';
import type { Exchange } from './exchange.ts';
import { asksToImpersonate, impersonate } from './impersonation.ts';
import type { InFlight } from './in-flight.ts';
import type { RequestInfo } from './request-info.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { sendError } from './respond.ts';
import { selectedBy } from './selected-by.ts';

export interface PipelineDeps {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** Asked before the handler asks `authorizer`; both must allow. */
  readonly gate?: AccessGate;
  /** Asked to catch up with other processes first, where there are any. */
  readonly registry: Pick<Registry, 'sync'>;
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
  const deadlines = createDeadlines(deps.clock);
  return {
    run: async (exchange, handle) => {
      let hasSlot = false;
      let close: (() => void) | undefined;
      try {
        // Most callers are known from their connection or token: no turn is lost for them.
        const admitted = admit(deps, exchange);
        if (admitted !== undefined) await admitted;
        exchange.longRunning = exchange.info.verb === 'watch';
        hasSlot = deps.inFlight.enter(exchange);
        if (exchange.longRunning) close = deps.metrics.open(exchange);
        else deadlines.set(exchange);
        if (deps.registry.sync !== undefined && wantsNewest(exchange.info)) await deps.registry.sync();
        const preparing = deps.ready?.(attributesOf(exchange.info), exchange.user);
        if (preparing !== undefined) await preparing;
        const handled = handle(exchange);
        if (handled !== undefined) await handled;
      } catch (error) {
        fail(deps.log, exchange, error);
      } finally {
        deadlines.clear(exchange);
        close?.();
        if (hasSlot) deps.inFlight.leave(exchange);
        deps.metrics.observe(exchange);
        deps.audit.record(exchange);
      }
    },
  };
}

/** Writes, and reads that do not name the state they want. */
function wantsNewest({ isResource, verb, query }: RequestInfo): boolean {
  if (!isResource) return false;
  if (query === undefined || !READS.has(verb)) return true;
  return (query.get('resourceVersion') ?? '') === '' && (query.get('continue') ?? '') === '';
}
const READS: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

/** Who asks, as whom, and whether the host cluster lets it pass. Throws at once, or returns what to wait for. */
function admit(deps: PipelineDeps, exchange: Exchange): Promise<void> | void {
  const found = deps.authenticator.authenticate(exchange.request);
  if (found instanceof Promise || asksToImpersonate(exchange)) return admitLater(deps, exchange, found);
  identify(exchange, found);
  return passGate(deps, exchange);
}

async function admitLater(
  deps: PipelineDeps,
  exchange: Exchange,
  found: ReturnType<Authenticator['authenticate']>,
): Promise<void> {
  identify(exchange, await found);
  if (asksToImpersonate(exchange)) await impersonate(deps.gate ?? deps.authorizer, exchange);
  await passGate(deps, exchange);
}

function identify(exchange: Exchange, user: UserInfo | undefined): void {
  if (user === undefined) {
    if (exchange.info.isResource || !isPublic(exchange.info.path)) throw unauthorized();
    exchange.user = ANONYMOUS;
    return;
  }
  exchange.user = user;
}

/** Undefined where nobody else has a say, or said so already. */
function passGate({ gate }: PipelineDeps, exchange: Exchange): Promise<void> | void {
  if (gate === undefined) return undefined;
  const { info } = exchange;
  const attributes = attributesOf(info);
  if (attributes.is === 'path') return requirePassage(gate, exchange, attributes);
  const selectors = selectedBy(info);
  return requirePassage(gate, exchange, selectors === undefined ? attributes : { ...attributes, selectors });
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
