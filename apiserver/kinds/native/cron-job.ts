/** batch/v1 CronJob. */
import { cause } from '../../api/causes.ts';
import type { Cause } from '../../api/errors.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { OBJECT_META_SCHEMA } from '../../api/meta-schema.ts';
import { bool, int, list, obj, opt, str, time, type Value } from '../../api/schema.ts';
import { isTimezone } from '../access-condition.ts';
import { parseCron } from '../cron.ts';
import { objectReference, text } from './fields.ts';
import { checkJobSpec, jobSpec } from './job-spec.ts';
import { containerImages, containerNames, fillTemplate } from './pod-template.ts';
import { formatSelector } from '../fields.ts';

const spec = obj('Desired state.', {
  schedule: text('Cron expression.'),
  timeZone: opt(text('IANA time zone of the expression.')),
  startingDeadlineSeconds: opt(int('How late a job may start.', { format: 'int64' })),
  concurrencyPolicy: str('What happens while an earlier job runs.', {
    enum: ['Allow', 'Forbid', 'Replace'],
    default: 'Allow',
  }),
  suspend: bool('Whether no jobs are started for now.', { default: false }),
  jobTemplate: obj('What the jobs look like.', {
    metadata: opt({ ...OBJECT_META_SCHEMA, description: 'Metadata of the jobs.' }),
    spec: { ...jobSpec, description: 'Specification of the jobs.' },
  }),
  successfulJobsHistoryLimit: int('Jobs that succeeded and are kept.', { minimum: 0, default: 3 }),
  failedJobsHistoryLimit: int('Jobs that failed and are kept.', { minimum: 0, default: 1 }),
});

const status = obj('Observed state.', {
  active: opt(list('Jobs that run.', objectReference('One job.'))),
  lastScheduleTime: opt(time('When a job was last started.')),
  lastSuccessfulTime: opt(time('When a job last succeeded.')),
});

export const CronJob = defineNative({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'Starts jobs at the times of a cron expression.',
  fields: { spec, status: opt(status) },
  columns: [
    { name: 'Schedule', type: 'string', cell: (cron) => cron.spec.schedule },
    { name: 'Timezone', type: 'string', cell: (cron) => cron.spec.timeZone ?? '<none>' },
    { name: 'Suspend', type: 'string', cell: (cron) => (cron.spec.suspend ? 'True' : 'False') },
    { name: 'Active', type: 'integer', cell: (cron) => cron.status?.active?.length ?? 0 },
    { name: 'Last Schedule', type: 'date', cell: (cron) => cron.status?.lastScheduleTime },
    {
      name: 'Containers',
      type: 'string',
      wide: true,
      cell: (cron) => containerNames(cron.spec.jobTemplate.spec.template.spec),
    },
    {
      name: 'Images',
      type: 'string',
      wide: true,
      cell: (cron) => containerImages(cron.spec.jobTemplate.spec.template.spec),
    },
    {
      name: 'Selector',
      type: 'string',
      wide: true,
      cell: (cron) => formatSelector(cron.spec.jobTemplate.spec.selector),
    },
  ],
  prepare: (object) => fillTemplate(object, ['spec', 'jobTemplate', 'spec', 'template']),
  check: (cron) => [
    ...checkTimes(cron.spec),
    ...checkJobSpec(cron.spec.jobTemplate.spec, 'spec.jobTemplate.spec'),
  ],
});
export type CronJob = ObjectFor<typeof CronJob>;

const EVERY = /^@every ([0-9]+(h|m|s))+$/;

/** source: batch validation ValidateCronJobSpec. */
function checkTimes({ schedule, timeZone }: Value<typeof spec>): readonly Cause[] {
  const parsed = EVERY.test(schedule) ? undefined : parseCron(schedule);
  const zone = timeZone === undefined || isTimezone(timeZone);
  return [
    ...(parsed?.ok === false ? [cause.invalid('spec.schedule', schedule, parsed.why)] : []),
    ...(zone ? [] : [cause.invalid('spec.timeZone', timeZone, 'unknown time zone')]),
  ];
}
