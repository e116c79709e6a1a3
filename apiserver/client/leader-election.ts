/**
 * One of several replicas leads, by holding a Lease. A leader that cannot renew in time stops leading before another
 * one can begin. source: client-go tools/leaderelection (times and the rule about whose clock counts).
 */
import { ApiError } from '../api/errors.ts';
import { Lease } from '../kinds/native/lease.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Client } from './client.ts';
import { pause } from './pause.ts';
import { isConflict } from './status.ts';

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Of this replica; no two may share it. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 up to but not including 1. Default Math.random. */
  readonly random?: () => number;
}

export interface Leadership {
  /** Resolves when it is lost, not when it is given back. */
  readonly lost: Promise<void>;
  /** Lets somebody else take over at once. */
  release(): Promise<void>;
}

const LEASE_SECONDS = 15;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;
const CALL_MS = 5_000;

/** Resolves when this replica leads; rejects only when the signal is aborted. */
export async function awaitLeadership(
  options: LeaderElectionOptions,
  signal: AbortSignal,
): Promise<Leadership> {
  const election = new Election(options, signal);
  while (!(await election.attempt())) await election.rest();
  options.log.info('leading', { identity: options.identity });
  return election.lead();
}

class Election {
  readonly #options: LeaderElectionOptions;
  readonly #signal: AbortSignal;
  readonly #released = new AbortController();
  /** The Lease as somebody else holds it, and when this process first saw it so: only our own clock is trusted. */
  #seen: { readonly version: string; readonly atMs: number } | undefined;
  #renewing: Promise<void> | undefined;

  constructor(options: LeaderElectionOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async rest(signal: AbortSignal = this.#signal): Promise<void> {
    const { clock, random = Math.random } = this.#options;
    await pause(clock, RETRY_MS * (1 + 0.2 * random()), signal);
  }

  /** True when the Lease is ours now; what is not done in time counts as refused. */
  async attempt(withinMs = CALL_MS): Promise<boolean> {
    const { client, namespace, name, log } = this.#options;
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(Math.min(withinMs, CALL_MS))]);
    try {
      const lease = await client.find(Lease, { namespace, name }, { signal });
      if (lease === undefined) {
        await client.create(
          Lease,
          { metadata: { namespace, name }, spec: this.#held(undefined) },
          { signal },
        );
        return true;
      }
      if (!this.#isOurs(lease) && !this.#isOver(lease)) return false;
      await client.update(Lease, { ...lease, spec: { ...lease.spec, ...this.#held(lease) } }, { signal });
      return true;
    } catch (error) {
      this.#signal.throwIfAborted();
      const wasFaster = isConflict(error) || (error instanceof ApiError && error.reason === 'AlreadyExists');
      if (!wasFaster) log.error('lease cannot be read or written', { lease: name, error });
      return false;
    }
  }

  lead(): Leadership {
    const { clock, log } = this.#options;
    const until = AbortSignal.any([this.#signal, this.#released.signal]);
    const lost = Promise.withResolvers<void>();
    const renew = async (): Promise<void> => {
      let renewedMs = clock.now();
      for (;;) {
        await this.rest(until);
        const atMs = clock.now();
        const leftMs = renewedMs + RENEW_DEADLINE_MS - atMs;
        if (leftMs <= 0) break;
        if (await this.attempt(leftMs)) renewedMs = atMs;
      }
      log.error('leadership lost', {});
      lost.resolve();
    };
    // Ends by a signal only, and that is no loss.
    this.#renewing = renew().catch(() => undefined);
    return { lost: lost.promise, release: () => this.#release() };
  }

  async #release(): Promise<void> {
    const { client, namespace, name, log } = this.#options;
    this.#released.abort(new Error('leadership is given back'));
    await this.#renewing;
    try {
      const lease = await client.find(Lease, { namespace, name });
      if (lease === undefined || !this.#isOurs(lease)) return;
      await client.update(Lease, {
        ...lease,
        spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 },
      });
    } catch (error) {
      log.info('lease was not given back and runs out by itself', { error });
    }
  }

  #isOurs(lease: Lease): boolean {
    return lease.spec?.holderIdentity === this.#options.identity;
  }

  /** Nobody holds it, or whoever did has not renewed it for as long as it lasts by our clock. */
  #isOver({ metadata, spec }: Lease): boolean {
    const { clock } = this.#options;
    if ((spec?.holderIdentity ?? '') === '') return true;
    const version = metadata.resourceVersion;
    if (this.#seen?.version !== version) this.#seen = { version, atMs: clock.now() };
    return clock.now() - this.#seen.atMs > (spec?.leaseDurationSeconds ?? LEASE_SECONDS) * 1000;
  }

  #held(before: Lease | undefined): NonNullable<Lease['spec']> {
    const now = microTime(this.#options.clock.now());
    const isNew = before === undefined || !this.#isOurs(before);
    const transitions = before?.spec?.leaseTransitions ?? 0;
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: LEASE_SECONDS,
      acquireTime: isNew ? now : (before.spec?.acquireTime ?? now),
      renewTime: now,
      leaseTransitions: isNew && before !== undefined ? transitions + 1 : transitions,
    };
  }
}

/** Leases have microseconds, as all times of the type MicroTime. */
const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');
