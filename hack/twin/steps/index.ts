/** In order: later steps build on what earlier ones left behind. */
import { SCALED, SUBJECTS } from '../objects.ts';
import type { Step } from '../step.ts';
import { applySteps } from './apply.ts';
import { badValues } from './bad-values.ts';
import { createSteps } from './create.ts';
import { formSteps } from './forms.ts';
import { deleteSteps, propagationSteps } from './delete.ts';
import { patchSteps } from './patch.ts';
import { readSteps } from './read.ts';
import { scaleSteps } from './scale.ts';
import { updateSteps } from './update.ts';
import { watchSteps } from './watch.ts';
import { yamlSteps } from './yaml.ts';

const OWN: readonly Step[] = SUBJECTS.flatMap((subject) => [
  ...createSteps(subject),
  ...updateSteps(subject),
  ...patchSteps(subject),
  ...applySteps(subject),
  ...deleteSteps(subject),
  ...readSteps(subject),
  ...formSteps(subject),
  ...yamlSteps(subject),
  ...watchSteps(subject),
  ...badValues(subject, 'least'),
  ...propagationSteps(subject),
]);

/** The whole script, in order. */
export const SCRIPT: readonly Step[] = [...OWN, ...SCALED.flatMap(scaleSteps)];
