/**
 * `npm test`: runs every `*.test.ts` under mocha, prints the slowest tests, the state of every check of the API
 * contract and what failed, and closes with one line, `N passed, N failed`.
 * Zero executed tests is a failure. Arguments are handed to mocha (`npm test -- --grep C53`).
 *
 * What needs no Kubernetes program goes first. Only then missing ones are built, which takes minutes on a machine
 * without them, and the rest runs; at last the suites that hold for both modes once more, behind a kube-apiserver.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { contractTable, type Outcome } from './contract-table.ts';
import { buildTools, cannotBuild } from './tools/build.ts';
import { inPath, missingTools, toolFolders } from './tools/find.ts';

const ALL = ['apiserver', 'webhooks', 'controllers', 'hack', 'test'].map(
  (folder) => `${folder}/**/*.test.ts`,
);
/** Suites that run real kubectl. */
const KUBECTL = ['test/e2e/**/*.test.ts', 'test/contract/**/*.test.ts'];
/** Suites that run a control plane or other programs built here; `x.cluster.test.ts` is how one is called elsewhere. */
const CLUSTER = ['test/aggregated/**/*.test.ts', 'test/clients/**/*.test.ts', 'test/**/*.cluster.test.ts'];
/** Suites that hold for both modes have this import; they run once more with Polder behind a kube-apiserver. */
const FOR_BOTH_MODES = /support\/target\.ts'/;
/** Suites with this import run on etcd too, where it is there when they begin. */
const FOR_EVERY_STORE = /conformance\/store-drivers\.ts'/;
const SLOWEST = 10;
/** Files that run side by side: most of a test is waiting, for other processes or for the disk. */
const SIDE_BY_SIDE = 2;
/** Lines of a failure that the summary repeats. */
const WHY_LINES = 12;
/** A run that has reported ends by itself, unless a test left something open. */
const LINGER_MS = 60_000;
const LOOK_MS = 1_000;

interface Run {
  readonly specs: readonly string[];
  readonly ignored: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Every test, in the order they ran. */
  readonly tests: readonly Test[];
}

interface Test extends Outcome {
  readonly ms: number;
  readonly ofContract: boolean;
  /** Of a failed test: its whole title, and behind it the error with its stack. */
  readonly why?: string;
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const runs = [await mocha({ specs: ALL, ignored: [...KUBECTL, ...CLUSTER] }, args)];
  for (const run of await withPrograms()) runs.push(await mocha(run, args));
  const sum = (count: (totals: Totals) => number): number =>
    runs.reduce((total, run) => total + count(run.totals), 0);
  const tests = runs.flatMap((run) => run.totals.tests);
  console.log(slowest(tests));
  const contract = tests.filter((test) => test.ofContract);
  if (contract.some(({ state }) => state !== 'not run')) console.log(contractTable(contract));
  console.log(failures(tests));
  const skipped = sum((totals) => totals.skipped);
  const [passed, failed] = [sum((totals) => totals.passed), sum((totals) => totals.failed)];
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  if (passed + failed === 0) return 1;
  return failed > 0 ? 1 : Math.max(...runs.map((run) => run.code));
}

/** Builds what is missing. What cannot be had leaves its suites out loudly, and in CI fails. */
async function withPrograms(): Promise<readonly Run[]> {
  const missing = missingTools();
  const reason = missing.length > 0 ? cannotBuild() : undefined;
  if (reason === undefined) {
    await buildTools(missing, (line) => console.error(`tools: ${line}`));
    const both = filesWith(FOR_BOTH_MODES, 'test/{contract,clients}/**/*.test.ts');
    // Once more those that began before etcd was built.
    const late = missing.some(({ name }) => name === 'etcd')
      ? filesWith(FOR_EVERY_STORE, 'apiserver/**/*.test.ts')
      : [];
    return [
      { specs: [...CLUSTER, ...KUBECTL, ...late], ignored: [] },
      { specs: both, ignored: [], env: { POLDER_TEST_TARGET: 'aggregated' } },
    ];
  }
  const names = missing.map((program) => program.name).join(', ');
  if (process.env['CI'] === 'true') throw new Error(`no ${names}, and CI leaves no test out: ${reason}`);
  console.error(`SKIPPED: ${CLUSTER.join(', ')}: no ${names}. ${reason}. Install Go to run them.`);
  if (inPath('kubectl') !== undefined) return [{ specs: KUBECTL, ignored: CLUSTER }];
  console.error(`SKIPPED: ${KUBECTL.join(', ')}: kubectl is not in PATH. Install it to run them.`);
  return [];
}

const filesWith = (text: RegExp, pattern: string): readonly string[] =>
  globSync(pattern).filter((file) => text.test(readFileSync(file, 'utf8')));

/** One run of mocha; kubectl and the others are those that were built, where they were. */
async function mocha(
  { specs, ignored, env = {} }: Run,
  args: readonly string[],
): Promise<{ readonly totals: Totals; readonly code: number }> {
  const scratch = mkdtempSync(join(tmpdir(), 'polder-test-'));
  const totalsFile = join(scratch, 'totals.json');
  const program = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js');
  const path = [...toolFolders(), process.env['PATH'] ?? ''].join(delimiter);
  const child = spawn(
    process.execPath,
    [
      program,
      '--reporter',
      'hack/reporter.cjs',
      '--parallel',
      '--jobs',
      String(SIDE_BY_SIDE),
      ...specs,
      ...ignored.flatMap((pattern) => ['--ignore', pattern]),
      ...args,
    ],
    { stdio: 'inherit', env: { ...process.env, ...env, PATH: path, POLDER_TEST_TOTALS: totalsFile } },
  );
  let reportedMs = 0;
  const watchdog = setInterval(() => {
    if (!existsSync(totalsFile)) return;
    reportedMs += LOOK_MS;
    if (reportedMs < LINGER_MS) return;
    console.error(`mocha has reported ${LINGER_MS / 1_000} s ago and does not end: killed`);
    child.kill('SIGKILL');
  }, LOOK_MS);
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(watchdog);
  const totals = readTotals(totalsFile);
  // Killed: what it had reported counts.
  const code = status ?? (totals.failed > 0 ? 1 : 0);
  rmSync(scratch, { recursive: true, force: true });
  return { totals, code };
}

/** A run that died before its end has no totals and counts as one failure. */
function readTotals(file: string): Totals {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Totals;
  } catch {
    return { passed: 0, failed: 1, skipped: 0, tests: [] };
  }
}

function slowest(tests: readonly Test[]): string {
  const lines = tests
    .filter(({ ms }) => ms > 0)
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST)
    .map(({ title, ms }) => `  ${(ms / 1_000).toFixed(1).padStart(6)} s  ${title}`);
  return ['', 'Slowest tests:', ...lines, ''].join('\n');
}

/** What a reader of the last lines alone has to know. */
function failures(tests: readonly Test[]): string {
  const whys = tests.flatMap(({ why }) => (why === undefined ? [] : [why]));
  if (whys.length === 0) return '';
  const shown = whys.map((why) => why.split('\n').slice(0, WHY_LINES).join('\n    '));
  return ['Failed:', ...shown.map((why) => `  ${why}`), ''].join('\n');
}

process.exitCode = await main();
