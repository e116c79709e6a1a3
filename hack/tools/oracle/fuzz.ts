/**
 * Compares our server-side apply and managed updates with Kubernetes' own field manager on random histories.
 *
 *   cd hack/tools/oracle && go build -o <program> .
 *   node hack/tools/oracle/fuzz.ts <program> [tuples] [seed]
 *
 * Prints the seed, the first differences and the totals; exits 1 when there is a difference.
 */
import { spawnSync } from 'node:child_process';
import type { Json } from '../../../apiserver/api/json.ts';
import { apiVersionOf, type Kind } from '../../../apiserver/api/kind.ts';
import { differ, differences, expected, ourAnswer, type Answer } from './answers.ts';
import { History, type Operation } from './history.ts';
import { KINDS_UNDER_TEST } from './kinds.ts';
import { definitions } from './openapi.ts';

const BATCH = 2000;
const SHOWN = 3;
const SHOWN_CHARACTERS = 600;

interface Totals {
  tuples: number;
  differences: number;
  readonly outcomes: Map<string, number>;
}

const definitionOf = (kind: Kind): Json => ({
  kind: kind.kind,
  apiVersion: apiVersionOf(kind),
  definitions: definitions(kind),
  hasStatus: kind.hasStatus,
});

const requestOf = ({ kind, verb, subresource, manager, force, live, object }: Operation): Json => ({
  kind: kind.kind,
  apiVersion: apiVersionOf(kind),
  operation: verb,
  subresource,
  manager,
  force,
  live: live ?? null,
  object,
});

/** One process per batch: the definitions first, then every operation. */
function ask(program: string, operations: readonly Operation[]): Answer[] {
  const requests = [...KINDS_UNDER_TEST.map(definitionOf), ...operations.map(requestOf)];
  const input = requests.map((request) => `${JSON.stringify(request)}\n`).join('');
  const run = spawnSync(program, { input, maxBuffer: 2 ** 31 - 1, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`oracle failed: ${run.stderr}`);
  const answers = run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
  const broken = answers.slice(0, KINDS_UNDER_TEST.length).find((answer) => answer.error !== undefined);
  if (broken?.error !== undefined) throw new Error(`oracle refuses a kind: ${broken.error}`);
  return answers.slice(KINDS_UNDER_TEST.length);
}

function runBatch(program: string, seed: number, totals: Totals): void {
  const history = new History(KINDS_UNDER_TEST, seed);
  const operations: Operation[] = [];
  const mine: Answer[] = [];
  for (let i = 0; i < BATCH; i += 1) {
    const operation = history.next();
    const answer = ourAnswer(operation);
    history.settle(operation, answer.object);
    operations.push(operation);
    mine.push(answer);
  }
  for (const [i, theirs] of ask(program, operations).entries()) {
    compare(operations[i] as Operation, mine[i] as Answer, theirs, totals);
  }
}

function compare(operation: Operation, mine: Answer, theirs: Answer, totals: Totals): void {
  const outcome = `${operation.verb} ${mine.code ?? 'ok'}`;
  totals.tuples += 1;
  totals.outcomes.set(outcome, (totals.outcomes.get(outcome) ?? 0) + 1);
  if (!differ(operation, mine, theirs)) return;
  totals.differences += 1;
  if (totals.differences > SHOWN) return;
  console.log(`--- ${JSON.stringify(requestOf(operation))}`);
  const lines = differences('', mine as Json, expected(operation, theirs) as Json);
  for (const line of lines) console.log(line.slice(0, SHOWN_CHARACTERS));
}

function main(): void {
  const [program = '', count = '20000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
  const totals: Totals = { tuples: 0, differences: 0, outcomes: new Map() };
  console.log(`seed ${seed}`);
  for (let batch = 0; totals.tuples < Number(count); batch += 1) {
    runBatch(program, Number(seed) * 1000 + batch, totals);
  }
  console.log([...totals.outcomes].map(([outcome, times]) => `${outcome}: ${times}`).join(', '));
  console.log(`${totals.tuples} tuples, ${totals.differences} differences`);
  process.exitCode = totals.differences === 0 ? 0 : 1;
}

main();
