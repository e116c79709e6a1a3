/** The state of every check of the API contract, C1 to C132, from the tests that really ran. */

export const CHECKS = 132;

export type State = 'passed' | 'failed' | 'skipped' | 'not run';
/** One test; the checks it implements stand at the start of its title. */
export interface Outcome {
  readonly title: string;
  readonly state: State;
}

/** The worst first: it is the state of a check with several tests. */
const WORST: readonly State[] = ['failed', 'not run', 'skipped', 'passed'];

/** The numbers at the start of a title: `C32 C33 lists ...` implements both. */
export function checksOf(title: string): readonly number[] {
  const [numbers = ''] = /^(?:C[0-9]+ )*/.exec(title) ?? [];
  return [...numbers.matchAll(/[0-9]+/g)].map(([number]) => Number(number));
}

interface Row {
  readonly state: string;
  readonly what: string;
}

function rowOf(check: number, outcomes: readonly Outcome[]): Row {
  const mine = outcomes.filter(({ title }) => checksOf(title).includes(check));
  const state = WORST.find((candidate) => mine.some((outcome) => outcome.state === candidate));
  if (state === undefined) return { state: 'missing', what: 'no test' };
  const shown = mine.find((outcome) => outcome.state === state)?.title.replace(/^(C[0-9]+ )+/, '') ?? '';
  const more = mine.length > 1 ? ` (and ${mine.length - 1} more)` : '';
  return { state, what: `${shown}${more}` };
}

export function contractTable(outcomes: readonly Outcome[]): string {
  const rows = Array.from({ length: CHECKS }, (_, index) => ({
    check: index + 1,
    ...rowOf(index + 1, outcomes),
  }));
  const counts = new Map<string, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  const summary = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  return [
    '',
    `API contract, checks C1 to C${CHECKS}: ${summary}`,
    '',
    ...rows.map(({ check, state, what }) => `  C${String(check).padEnd(4)} ${state.padEnd(8)} ${what}`),
    '',
  ].join('\n');
}
