/** Waits for what no signal announces, such as a rule that reaches another process by its own informers. */

const ASK_AGAIN_MS = 100;

/** Asks until the answer is true; rejects with `what` when it is not within the limit. */
export async function until(
  what: string,
  ask: () => Promise<boolean> | boolean,
  limitMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await ask())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}
