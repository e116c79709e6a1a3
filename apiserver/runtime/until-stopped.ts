/** Waits for the signal that ends a process. */

/** One Ctrl-C: the terminal signals everybody in the foreground, and npm passes on what it got itself. */
const ONE_CTRL_C_MS = 1_000;

/** The first signal stops cleanly; a second one, unless it comes with the first, ends the process at once. */
export function untilStopped(): Promise<NodeJS.Signals> {
  const { promise, resolve: stop } = Promise.withResolvers<NodeJS.Signals>();
  let firstMs: number | undefined;
  const take = (signal: NodeJS.Signals): void => {
    firstMs ??= performance.now();
    stop(signal);
    if (performance.now() - firstMs <= ONE_CTRL_C_MS) return;
    process.off(signal, take);
    process.kill(process.pid, signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, take);
  return promise;
}
