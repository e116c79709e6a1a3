/**
 * Events are deleted an hour after they were last written, as on a cluster, because nothing else bounds them. The
 * hour is good to 5 minutes and starts again with the process.
 * source: kube-apiserver --event-ttl.
 */
import { ApiError } from '../../api/errors.ts';
import type { Kind } from '../../api/kind.ts';
import type { Revision } from '../../store/store.ts';
import type { StoredObject } from '../registry.ts';
import { actor } from './actor.ts';
import type { LocalPlaneDeps, Loop } from './namespace-emptying.ts';

interface Mark {
  readonly timeMs: number;
  readonly revision: Revision;
}

const TTL_MS = 3_600_000;
const EVERY_MS = 300_000;

export function createEventExpiry(deps: LocalPlaneDeps): Loop {
  const { registry, clock, log } = deps;
  const kinds = deps.kinds.filter(({ origin, plural }) => origin === 'native' && plural === 'events');
  const closing = new AbortController();
  const context = actor(closing.signal);
  /** What was the newest revision when, oldest first: the age of an event without reading it. */
  let marks: readonly Mark[] = [];
  let cancel = (): void => undefined;
  let running = Promise.resolve();

  const remove = async (kind: Kind, { namespace, name, revision }: StoredObject): Promise<void> => {
    const options = {
      dryRun: false,
      propagationPolicy: 'Background',
      resourceVersion: String(revision),
    } as const;
    try {
      await registry.delete(context, { kind, namespace, name }, options);
    } catch (error) {
      // Written again or gone: both are fine.
      if (!(error instanceof ApiError)) throw error;
    }
  };
  const expire = async (newest: Revision): Promise<void> => {
    for (const kind of kinds) {
      for (const event of registry.peekAll(kind)) {
        if (closing.signal.aborted) return;
        if (event.revision <= newest) await remove(kind, event);
      }
    }
  };
  const tick = (): void => {
    const now = clock.now();
    const expired = marks.findLast(({ timeMs }) => timeMs <= now - TTL_MS);
    marks = [
      ...marks.filter(({ timeMs }) => timeMs > now - TTL_MS),
      { timeMs: now, revision: registry.revision() },
    ];
    if (expired !== undefined) {
      running = expire(expired.revision).catch((error: unknown) => {
        log.error('old events could not be deleted; tried again in 5 minutes', { error });
      });
    }
    cancel = clock.after(EVERY_MS, tick);
  };

  return {
    start: tick,
    close: async () => {
      cancel();
      closing.abort();
      await running;
    },
  };
}
