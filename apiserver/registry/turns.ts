/** Writers that would overtake each other on one key take turns instead. */
export interface Turns {
  /** Resolves when everybody who entered before has left; returns how to leave. */
  enter(key: string): Promise<() => void>;
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<void>>();
  return {
    enter: async (key) => {
      const before = last.get(key);
      const { promise: mine, resolve } = Promise.withResolvers<void>();
      last.set(key, mine);
      await before;
      return () => {
        if (last.get(key) === mine) last.delete(key);
        resolve();
      };
    },
  };
}
