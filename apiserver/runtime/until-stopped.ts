/** Waits for the signal that ends a process. */

/** The first signal stops cleanly; a second one ends the process at once. */
export function untilStopped(): Promise<NodeJS.Signals> {
  const { promise, resolve: stop } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop(signal));
  }
  return promise;
}
