/**
 * `npm run bench`: runs every measure and prints a table; with `--json` the same as JSON on standard output.
 *
 *   kubernetes      beside a real kube-apiserver instead (needs what `npm run tools` builds)
 *   --with-controller-manager   with it: Kubernetes' own controllers run beside both
 *   --only a,b      only these measures
 *   --seconds n     how long each load lasts (default 5)
 *   --json          machine-readable
 *   --profile dir   the server writes CPU profiles there (numbers are then too low)
 *
 * Ratios are taken within one run: absolute numbers depend on the machine. Exit code 1 when a target is missed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PARTS, runKubernetes } from './kubernetes/suite.ts';
import { inspectMachine, unpinned } from './machine.ts';
import { describeTarget, holds, ratioOf, type Bench, type Measure, type Row } from './measure.ts';
import { MEASURES } from './measures/index.ts';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'boolean' },
      profile: { type: 'string' },
      'with-controller-manager': { type: 'boolean' },
    },
  });
  const suite = suiteOf(positionals);
  const machine = suite === 'kubernetes' ? unpinned(inspectMachine()) : inspectMachine();
  const scratch = mkdtempSync(join(tmpdir(), 'polder-bench-'));
  const bench: Bench = {
    machine,
    scratch,
    seconds: Number(values.seconds ?? 5),
    profileTo: values.profile,
    only: chosen(values.only, suite === 'kubernetes' ? PARTS : MEASURES.map(({ name }) => name)),
    withControllerManager: values['with-controller-manager'] === true,
  };
  const say = (line: string): void => console.error(line);
  say(machine.description);
  if (machine.warning !== '') say(`warning: ${machine.warning}`);
  try {
    const rows =
      suite === 'kubernetes' ? await runKubernetes(bench, say) : await runAll(bench, MEASURES, say);
    if (values.json === true) {
      const withRatios = rows.map((row) => ({ ...row, ratio: ratioOf(row), holds: holds(row) }));
      console.log(
        JSON.stringify({ machine: machine.description, warning: machine.warning, rows: withRatios }, null, 2),
      );
    } else console.log(table(rows));
    return rows.some((row) => holds(row) === false) ? 1 : 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function suiteOf(positionals: readonly string[]): 'kubernetes' | 'alone' {
  const [name, ...more] = positionals;
  if (name === undefined) return 'alone';
  if (name === 'kubernetes' && more.length === 0) return name;
  throw new Error(`no suite ${positionals.join(' ')}; there is kubernetes`);
}

async function runAll(
  bench: Bench,
  measures: readonly Measure[],
  say: (line: string) => void,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const measure of measures.filter(({ name }) => bench.only?.includes(name) ?? true)) {
    say(`${measure.name} ...`);
    rows.push(...(await measure.run(bench)));
  }
  return rows;
}

function chosen(only: string | undefined, known: readonly string[]): readonly string[] | undefined {
  const names = only?.split(',');
  const unknown = names?.filter((name) => !known.includes(name)) ?? [];
  if (unknown.length > 0) throw new Error(`no measure ${unknown.join(', ')}; there are ${known.join(', ')}`);
  return names;
}

function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.measure,
    `${round(row.value)} ${row.unit}`,
    row.baseline === undefined ? '' : `${round(row.baseline.value)} ${row.unit} (${row.baseline.name})`,
    row.baseline === undefined ? '' : `${(ratioOf(row) ?? 0).toFixed(2)}x`,
    describeTarget(row),
    { true: 'yes', false: 'NO', undefined: '' }[String(holds(row))] ?? '',
    row.notes ?? '',
  ]);
  const head = ['measure', 'value', 'baseline', 'ratio', 'target', 'holds', 'notes'];
  const all = [head, head.map(() => '---'), ...lines];
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  return all
    .map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
    .join('\n');
}

const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

process.exitCode = await main();
