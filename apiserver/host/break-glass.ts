/**
 * Puts our webhooks back when break-glass is over, and tells while it is on. Every replica of `polder apiserver`
 * looks; the first to write is the one that reports it. The deadline is in the object: restarts forget nothing.
 */
import type { JsonObject } from '../api/json.ts';
import type { Client } from '../client/client.ts';
import type { Resource } from '../client/resource.ts';
import { isConflict, isNotFound } from '../client/status.ts';
import { timestamp, type Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { breakGlassOf, closing, isOver, letsGo, type BreakGlass } from './break-glass-state.ts';
import { WEBHOOK_CONFIGURATIONS, WEBHOOKS_NAME } from './injection.ts';
import { createLookLoop, type LookLoop } from './look-loop.ts';
import { recordEvent } from './registration-events.ts';

interface Deps {
  readonly client: Pick<Client, 'find' | 'patch' | 'create'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Break-glass is for minutes: this late it is seen, and put back when a clock jumped. */
const LOOK_MS = 10_000;
const AGAIN_MS = 2_000;

export function createBreakGlassKeeper(deps: Deps): LookLoop {
  const keeper = new Keeper(deps);
  return createLookLoop(deps.clock, (isClosing) => keeper.look(isClosing));
}

class Keeper {
  readonly #deps: Deps;
  /** What is on, by kind of configuration. */
  readonly #on = new Map<string, BreakGlass>();

  constructor(deps: Deps) {
    this.#deps = deps;
    deps.metrics.gauge({
      name: 'polder_webhook_break_glass',
      help: '1 while webhooks of ours let everything pass that they cannot answer, by polder breakglass.',
      collect: () => (this.#on.size > 0 ? 1 : 0),
    });
  }

  /** Never rejects; milliseconds until the next look. */
  async look(isClosing: () => boolean): Promise<number> {
    let nextMs = LOOK_MS;
    for (const kind of WEBHOOK_CONFIGURATIONS) {
      if (isClosing()) return nextMs;
      try {
        await this.#keep(kind);
      } catch (error) {
        nextMs = AGAIN_MS;
        // Written by somebody at this very moment, another replica for example: the next look tells.
        if (!isClosing() && !isConflict(error) && !isNotFound(error))
          this.#deps.log.error('break-glass not looked after', { kind: kind.kind, error });
      }
    }
    const now = this.#deps.clock.now();
    // What is due and could not be put back is tried again like everything that failed.
    for (const { untilMs } of this.#on.values()) if (untilMs > now) nextMs = Math.min(nextMs, untilMs - now);
    return nextMs;
  }

  async #keep(kind: Resource<JsonObject>): Promise<void> {
    const { client, clock } = this.#deps;
    const object = await client.find(kind, { name: WEBHOOKS_NAME });
    const glass = object === undefined ? undefined : breakGlassOf(object);
    if (object === undefined) return this.#forget(kind);
    if (glass === undefined) return this.#withoutTrace(kind, object);
    const isOpen = letsGo(object, glass);
    if (isOpen && !isOver(glass, clock.now())) return this.#remember(kind, glass);
    // While it cannot be put back it is on, whatever the deadline says.
    if (isOpen) this.#on.set(kind.kind, glass);
    await client.patch(kind, { name: WEBHOOKS_NAME }, closing(object, glass));
    this.#on.delete(kind.kind);
    await this.#report(kind, object, isOpen ? over(glass) : ended(glass));
  }

  /** Whoever takes the annotations away, and with them the deadline, keeps nothing open that was seen here. */
  async #withoutTrace(kind: Resource<JsonObject>, object: JsonObject): Promise<void> {
    const known = this.#on.get(kind.kind);
    if (known === undefined || !letsGo(object, known)) return this.#forget(kind);
    await this.#deps.client.patch(kind, { name: WEBHOOKS_NAME }, closing(object, known));
    this.#on.delete(kind.kind);
    await this.#report(kind, object, robbed(known));
  }

  #remember(kind: Resource<JsonObject>, glass: BreakGlass): void {
    const known = this.#on.get(kind.kind);
    this.#on.set(kind.kind, glass);
    if (known?.untilMs === glass.untilMs && known.by === glass.by && known.reason === glass.reason) return;
    this.#deps.log.info('break-glass is on', { kind: kind.kind, ...shown(glass) });
  }

  #forget(kind: Resource<JsonObject>): void {
    const known = this.#on.get(kind.kind);
    if (known === undefined) return;
    this.#on.delete(kind.kind);
    this.#deps.log.info('break-glass was ended', { kind: kind.kind, ...shown(known) });
  }

  /** The log has it in any case. */
  async #report(kind: Resource<JsonObject>, object: JsonObject, message: string): Promise<void> {
    const { client, clock, log } = this.#deps;
    log.info('break-glass is over', { kind: kind.kind, why: message });
    try {
      const event = { type: 'Normal', reason: 'BreakGlassEnded', component: 'polder-apiserver' } as const;
      await recordEvent(client, { kind, object }, { ...event, message, nowMs: clock.now() });
    } catch (error) {
      log.error('break-glass event not written', { kind: kind.kind, error });
    }
  }
}

const shown = ({ untilMs, by, reason, entries }: BreakGlass): JsonObject => ({
  until: written(untilMs),
  by,
  reason,
  entries: [...entries],
});

const over = ({ untilMs, by, reason, entries }: BreakGlass): string =>
  `${entries.join(', ')} fail closed again: the time that ${by || 'somebody'} asked for ended at ${written(untilMs)} (${reason || 'no reason given'})`;

const ended = ({ untilMs, by, entries }: BreakGlass): string =>
  `${entries.join(', ')} fail closed again: somebody put them back; ${by || 'somebody'} had let them go until ${written(untilMs)}`;

const robbed = ({ by, entries }: BreakGlass): string =>
  `${entries.join(', ')} fail closed again: somebody took away the annotations that said until when ${by || 'somebody'} had let them go`;

const written = (ms: number): string => (Number.isNaN(ms) ? 'an unknown time' : timestamp(ms));
