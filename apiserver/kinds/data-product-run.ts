/** A DataProductRun is one execution of a released product on its plane. */
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { bool, int, listMap, obj, opt, str, time } from '../api/schema.ts';
import { textMap } from './fields.ts';
import { identifier, objectName, prose } from './names.ts';
import { conditions, observedGeneration } from './status.ts';

const PHASES = ['Pending', 'Running', 'Succeeded', 'Failed', 'Aborted', 'Skipped'] as const;

const spec = obj('What is run.', {
  bindingRef: objectName('ReleaseBinding that tells product, release and environment; fixed.'),
  trigger: str('Why it runs; fixed.', { enum: ['Schedule', 'Manual', 'Dependency'], default: 'Manual' }),
  scheduledAt: opt(time('Tick of the schedule that the run stands for.')),
  parameters: opt(textMap('Input of the run; never secrets; fixed.')),
  abort: bool('Ends the run early.', { default: false }),
  ttlSecondsAfterFinished: int('How long the finished run is kept.', {
    minimum: 0,
    maximum: 31_536_000,
    default: 604_800,
  }),
});

const task = obj('One step.', {
  name: identifier('Name of the step.'),
  phase: str('Where it is.', { enum: PHASES }),
  start: opt(time('When it started.')),
  end: opt(time('When it ended.')),
  message: opt(prose('What went wrong, if anything.')),
});

const status = obj('Observed state, as the plane reports it.', {
  phase: opt(str('Where the run is.', { enum: PHASES })),
  observedGeneration,
  release: opt(objectName('Release that runs.')),
  tasks: opt(listMap('Steps.', 'name', task, { maxItems: 128 })),
  startedAt: opt(time('When it started.')),
  completedAt: opt(time('When it ended.')),
  runReference: opt(str('Object on the plane that does the work.', { maxLength: 512 })),
  message: opt(prose('What went wrong, if anything.')),
  conditions: conditions('Accepted, Finished'),
});

export const DataProductRun = defineKind({
  kind: 'DataProductRun',
  plural: 'dataproductruns',
  shortNames: ['run'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'One execution of a released data product on its plane, started by hand, by a schedule or by another product.',
  spec,
  status,
  immutable: ['spec.bindingRef', 'spec.trigger', 'spec.scheduledAt', 'spec.parameters'],
  references: [{ field: 'spec.bindingRef', to: 'ReleaseBinding', verb: 'run', protects: false }],
  selectableFields: ['spec.bindingRef', 'spec.trigger', 'status.phase'],
  columns: [
    { name: 'Binding', type: 'string', cell: (run) => run.spec.bindingRef },
    { name: 'Trigger', type: 'string', cell: (run) => run.spec.trigger },
    { name: 'Phase', type: 'string', cell: (run) => run.status?.phase },
    { name: 'Started', type: 'date', cell: (run) => run.status?.startedAt },
    { name: 'Release', type: 'string', wide: true, cell: (run) => run.status?.release },
    { name: 'Completed', type: 'date', wide: true, cell: (run) => run.status?.completedAt },
    { name: 'Message', type: 'string', wide: true, cell: (run) => run.status?.message },
  ],
});
export type DataProductRun = ObjectFor<typeof DataProductRun>;
