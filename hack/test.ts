/**
 * `npm test`: runs every `*.test.ts` under mocha, prints the state of every check of the API contract and closes
 * with one line, `N passed, N failed`.
 * Zero executed tests is a failure. Arguments are handed to mocha (`npm test -- --grep C53`).
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { contractTable, type Outcome } from './contract-table.ts';

const SPECS = ['apiserver', 'webhooks', 'controllers', 'hack', 'test'].map(
  (folder) => `${folder}/**/*.test.ts`,
);

interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Tests of the API contract. */
  readonly contract: readonly Outcome[];
}

async function main(): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), 'polder-test-'));
  const totalsFile = join(scratch, 'totals.json');
  const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js');
  const run = spawn(
    process.execPath,
    [mocha, '--reporter', 'hack/reporter.cjs', ...SPECS, ...withoutKubectl(), ...process.argv.slice(2)],
    { stdio: 'inherit', env: { ...process.env, POLDER_TEST_TOTALS: totalsFile } },
  );
  const code = await new Promise<number>((resolve) => run.on('close', (status) => resolve(status ?? 1)));
  const totals = readTotals(totalsFile);
  rmSync(scratch, { recursive: true, force: true });
  if (totals.contract.some(({ state }) => state !== 'not run')) console.log(contractTable(totals.contract));
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
  if (totals.passed + totals.failed === 0) return 1;
  return totals.failed > 0 ? 1 : code;
}

/** Suites that run real kubectl: left out loudly where there is none, never in CI. */
const KUBECTL_SUITES = ['test/e2e/**', 'test/contract/**'];

function withoutKubectl(): readonly string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  if (folders.some((folder) => existsSync(join(folder, 'kubectl')))) return [];
  if (process.env['CI'] === 'true') throw new Error('kubectl is not in PATH, and CI leaves no test out');
  console.error(`SKIPPED: ${KUBECTL_SUITES.join(', ')}: kubectl is not in PATH. Install it to run them.`);
  return KUBECTL_SUITES.flatMap((suite) => ['--ignore', suite]);
}

/** A run that died before its end has no totals and counts as one failure. */
function readTotals(file: string): Totals {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Totals;
  } catch {
    return { passed: 0, failed: 1, skipped: 0, contract: [] };
  }
}

process.exitCode = await main();
