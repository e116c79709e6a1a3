/** Asks both sides the same random operations and counts where they differ. */
import { spawnSync } from 'node:child_process';
import type { Json } from '../../../apiserver/api/json.ts';
import { apiVersionOf, type Kind } from '../../../apiserver/api/kind.ts';
import { differ, differences, expected, ourAnswer, type Answer } from './answers.ts';
import { History, type Operation } from './history.ts';
import { KINDS_UNDER_TEST } from './kinds.ts';
import { definitions } from './openapi.ts';

const BATCH = 2500;
const SHOWN = 3;
const SHOWN_CHARACTERS = 600;

export interface Comparison {
  readonly tuples: number;
  readonly differences: number;
  /** How often each kind of answer came, such as `apply 409`. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** The first differences, readable. */
  readonly shown: readonly string[];
}

interface Totals {
  tuples: number;
  differences: number;
  readonly outcomes: Map<string, number>;
  readonly shown: string[];
}

/** At least `count` tuples in whole batches; the same `seed` asks the same. Throws when the program fails. */
export function compareWithOracle(program: string, count: number, seed: number): Comparison {
  const totals: Totals = { tuples: 0, differences: 0, outcomes: new Map(), shown: [] };
  for (let batch = 0; totals.tuples < count; batch += 1) runBatch(program, seed * 1000 + batch, totals);
  return totals;
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
  const lines = differences('', mine as Json, expected(operation, theirs) as Json);
  totals.shown.push(`--- ${JSON.stringify(requestOf(operation))}`);
  totals.shown.push(...lines.map((line) => line.slice(0, SHOWN_CHARACTERS)));
}
