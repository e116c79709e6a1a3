/** Builds and runs the clients of `hack/tools/clients`, and reads the verdict each of them prints. */
import assert from 'node:assert/strict';
import type { Context } from 'mocha';
import { buildTools, cannotBuild } from '../../../hack/tools/build.ts';
import { findTool, missingTools } from '../../../hack/tools/find.ts';
import type { Json } from '../../support/http.ts';
import { run } from '../../support/polder.ts';

/** A cold build compiles client-go, on a machine that may be busy. */
const BUILD_MS = 20 * 60_000;

/**
 * Builds what is missing. Without Go the suite is skipped with the reason, and fails where CI=true.
 * To be called from `before`.
 */
export async function needPrograms(suite: Context, ...names: readonly string[]): Promise<void> {
  const missing = missingTools(names);
  const reason = missing.length === 0 ? undefined : cannotBuild();
  if (reason !== undefined) {
    const text = `${missing.map(({ name }) => name).join(', ')}: ${reason}`;
    if (process.env['CI'] === 'true') throw new Error(`CI leaves no test out: ${text}`);
    console.error(`SKIPPED: ${text}`);
    suite.skip();
  }
  const [limit, startedMs] = [suite.timeout(), Date.now()];
  suite.timeout(BUILD_MS);
  await buildTools(missing, (line) => console.error(`tools: ${line}`));
  // Mocha counts from the start of the hook.
  suite.timeout(limit + Date.now() - startedMs);
}

/** Runs a program to its end and returns the JSON on its standard output; a failure shows the end of its log. */
export async function verdictOf(
  name: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly env?: Readonly<Record<string, string>> },
): Promise<Json> {
  const { code, stdout, stderr } = await run(findTool(name) ?? name, args, options);
  try {
    return { code, ...JSON.parse(stdout) };
  } catch {
    assert.fail(`${name} exited with ${code} and gave no verdict:\n${stdout}${stderr.slice(-4_000)}`);
  }
}
