/** Plays the script on two servers and says where their answers differ. */
import { differencesOf, type Difference } from './difference.ts';
import { createNormaliser, type Comparable } from './normalise.ts';
import { asksForList, type Step } from './step.ts';
import { createPlayer, type Answer, type Target } from './target.ts';

export interface Outcome {
  readonly step: Step;
  readonly ours: Comparable;
  readonly twin: Comparable;
  readonly differences: readonly Difference[];
}

export async function compare(
  script: readonly Step[],
  targets: { readonly ours: Target; readonly twin: Target },
): Promise<readonly Outcome[]> {
  const [ours, twin] = [createPlayer(targets.ours), createPlayer(targets.twin)];
  const [oursAs, twinAs] = [createNormaliser(), createNormaliser()];
  const outcomes: Outcome[] = [];
  for (const group of grouped(script)) {
    const answers = await Promise.all(
      group.map((step): Promise<[Answer, Answer]> => Promise.all([ours.play(step), twin.play(step)])),
    );
    answers.forEach(([one, other], index) => {
      const step = group[index];
      if (step === undefined) return;
      const isList = asksForList(step);
      const [a, b] = [oursAs.normalise(step.name, one, isList), twinAs.normalise(step.name, other, isList)];
      outcomes.push({ step, ours: a, twin: b, differences: differencesOf(a, b) });
    });
  }
  return outcomes;
}

/** Neighbours that are sent together form a group; every other step is one of its own. */
function grouped(script: readonly Step[]): readonly (readonly Step[])[] {
  const groups: Step[][] = [];
  let open: Step[] | undefined;
  for (const step of script) {
    if (step.together === true && open !== undefined) {
      open.push(step);
      continue;
    }
    const group = [step];
    groups.push(group);
    open = step.together === true ? group : undefined;
  }
  return groups;
}
