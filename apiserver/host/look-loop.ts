/** Looks after something on the host cluster again and again, one look after the other. */
import type { Clock } from '../runtime/clock.ts';

export interface LookLoop {
  start(): void;
  /** Lets a look that has begun end. */
  close(): Promise<void>;
}

/** `look` must not reject; it returns the milliseconds until the next one. */
export function createLookLoop(clock: Clock, look: (isClosing: () => boolean) => Promise<number>): LookLoop {
  let isClosing = false;
  let cancel: () => void = () => undefined;
  let working: Promise<void> = Promise.resolve();
  const once = async (): Promise<void> => {
    const nextMs = await look(() => isClosing);
    if (!isClosing) cancel = clock.after(nextMs, start);
  };
  function start(): void {
    working = working.then(once);
  }
  return {
    start,
    close: async () => {
      isClosing = true;
      cancel();
      await working;
    },
  };
}
