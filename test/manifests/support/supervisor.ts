/** What kubelet does for containers: waits for a slow start, and starts again what ended by itself. */
import { answers, type Part, type Probe } from '../../support/cluster-part.ts';

export interface Supervisor {
  /** Resolves when it is ready; rejects with the end of its log when it is not within the startup probe's 120 s. */
  start(part: Part, ready: Probe): Promise<void>;
  /** It stays down. Default signal SIGTERM. */
  end(part: Part, signal?: NodeJS.Signals): Promise<void>;
  close(): void;
}

const START_MS = 120_000;
const LOOK_MS = 500;

export function createSupervisor(): Supervisor {
  const kept = new Map<Part, Probe>();
  const starting = new Set<Part>();
  let isClosed = false;

  const bring = async (part: Part, ready: Probe): Promise<void> => {
    starting.add(part);
    const deadline = Date.now() + START_MS;
    try {
      for (;;) {
        const problem = await attempt(part, ready);
        if (problem === undefined || !kept.has(part)) return;
        if (isClosed || Date.now() > deadline) throw problem;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    } finally {
      starting.delete(part);
    }
  };
  const timer = setInterval(() => {
    for (const [part, ready] of kept) {
      if (part.pid() !== undefined || starting.has(part)) continue;
      bring(part, ready).catch((error: unknown) => console.error(error));
    }
  }, LOOK_MS);
  return {
    start: (part, ready) => {
      kept.set(part, ready);
      return bring(part, ready);
    },
    end: async (part, signal) => {
      kept.delete(part);
      await part.stop(signal);
    },
    close: () => {
      isClosed = true;
      kept.clear();
      clearInterval(timer);
    },
  };
}

/** Undefined when it is ready. */
async function attempt(part: Part, ready: Probe): Promise<Error | undefined> {
  if (part.pid() !== undefined) return (await answers(ready)) ? undefined : new Error('not ready');
  try {
    await part.start();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
