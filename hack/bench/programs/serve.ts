/** What every program of the benchmark does: says it is ready, answers each message, ends when disconnected. */
export function serve(ready: unknown, answer: (question: never) => Promise<unknown>): void {
  process.on('message', (question) => {
    answer(question as never).then(
      (result) => process.send?.(result),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.(ready);
}

/** Share of one core this process used while `task` ran. */
export async function withCpuShare<T>(
  task: () => Promise<T>,
): Promise<{ result: T; cpuShare: number; ms: number }> {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  const result = await task();
  const ms = performance.now() - startedMs;
  const used = process.cpuUsage(before);
  return { result, cpuShare: (used.user + used.system) / 1000 / ms, ms };
}
