/**
 * One request and its answer on their way through the server: who asks, for what, until when, and what audit and
 * metrics will say about it. It is also the registry's `Context`. Costly parts are made on first use only.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ANONYMOUS, type Decision, type UserInfo } from '../api/identity.ts';
import type { Kind } from '../api/kind.ts';
import type { Context } from '../registry/registry.ts';
import type { RequestInfo } from './request-info.ts';

/** Warnings and annotations of one request; more are dropped. */
const MAX_NOTES = 64;

export class Exchange implements Context {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly info: RequestInfo;
  readonly auditId: string;
  /** Milliseconds since the epoch. */
  readonly receivedMs: number;
  /** Milliseconds of the monotonic clock. */
  readonly startedMs: number;
  /** Undefined: a path, or a resource that nobody serves. */
  readonly kind: Kind | undefined;
  /** Who the request runs as. */
  user: UserInfo = ANONYMOUS;
  /** Who authenticated, when somebody else is impersonated. */
  impersonator: UserInfo | undefined;
  decision: Decision | undefined;
  /** Reason of the failure that was answered. */
  reason: string | undefined;
  /** Streams without an end of their own: no deadline, no in-flight slot. */
  longRunning = false;
  /** The code that was answered; 0 before. */
  code = 0;
  /** When its time is up, in milliseconds of the monotonic clock, and where its deadline is kept; see `deadline.ts`. */
  dueMs = 0;
  place: number | undefined;

  #warnings: string[] | undefined;
  #annotations: Map<string, string> | undefined;
  #abort: AbortController | undefined;
  #aborted = false;
  #warn: ((text: string) => void) | undefined;
  #annotate: ((key: string, value: string) => void) | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    about: {
      readonly info: RequestInfo;
      readonly kind: Kind | undefined;
      readonly auditId: string;
      readonly receivedMs: number;
    },
  ) {
    this.request = request;
    this.response = response;
    this.info = about.info;
    this.kind = about.kind;
    this.auditId = about.auditId;
    this.receivedMs = about.receivedMs;
    this.startedMs = performance.now();
  }

  /** Aborted when the client is gone or the deadline passed. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      this.response.once('close', () => abort.abort());
      if (this.#aborted || this.response.destroyed) abort.abort();
    }
    return this.#abort.signal;
  }

  get warn(): (text: string) => void {
    this.#warn ??= (text) => {
      this.#warnings ??= [];
      if (this.#warnings.length < MAX_NOTES && !this.#warnings.includes(text)) this.#warnings.push(text);
    };
    return this.#warn;
  }

  get annotate(): (key: string, value: string) => void {
    this.#annotate ??= (key, value) => {
      this.#annotations ??= new Map();
      if (this.#annotations.size < MAX_NOTES) this.#annotations.set(key, value);
    };
    return this.#annotate;
  }

  get warnings(): readonly string[] {
    return this.#warnings ?? NONE;
  }

  get annotations(): ReadonlyMap<string, string> | undefined {
    return this.#annotations;
  }

  /** True once an answer was begun or can no longer be given: whoever comes later stays silent. */
  get answered(): boolean {
    return this.code !== 0 || this.response.destroyed;
  }

  /** True when the work was told to stop; a failure after that is nobody's fault. */
  get signalAborted(): boolean {
    return this.#aborted || this.#abort?.signal.aborted === true;
  }

  abort(): void {
    this.#aborted = true;
    this.#abort?.abort();
  }
}

const NONE: readonly string[] = [];
