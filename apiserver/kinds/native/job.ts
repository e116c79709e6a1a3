/** batch/v1 Job. */
import { isObject, type Json } from '../../api/json.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { list, obj, opt, set, time } from '../../api/schema.ts';
import { conditionFields, text } from './fields.ts';
import { checkJobSpec, jobSpec } from './job-spec.ts';
import { fillTemplate } from './pod-template.ts';
import { containersColumn, count, imagesColumn, selectorColumn } from './workload.ts';

const status = obj('Observed state.', {
  conditions: opt(
    list(
      'Aspects of the state.',
      obj('One aspect.', { ...conditionFields, lastProbeTime: opt(time('When it was last looked at.')) }),
      { patchStrategy: 'merge', patchMergeKey: 'type' },
    ),
  ),
  startTime: opt(time('When the job started.')),
  completionTime: opt(time('When it was done.')),
  active: count('Pods that run.'),
  succeeded: count('Pods that succeeded.'),
  failed: count('Pods that failed.'),
  terminating: count('Pods that are ending.'),
  ready: count('Pods that are ready.'),
  completedIndexes: opt(text('Indexes that succeeded.')),
  failedIndexes: opt(text('Indexes that failed.')),
  uncountedTerminatedPods: opt(
    obj('Pods that ended and are not counted yet.', {
      succeeded: opt(set('Pods that succeeded.', text('UID of a pod.'))),
      failed: opt(set('Pods that failed.', text('UID of a pod.'))),
    }),
  ),
});

export const Job = defineNative({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'Runs pods until enough of them have succeeded.',
  fields: { spec: jobSpec, status: opt(status) },
  immutable: ['spec.selector', 'spec.template', 'spec.completions', 'spec.completionMode'],
  selectableFields: ['status.succeeded'],
  columns: [
    { name: 'Status', type: 'string', cell: state },
    { name: 'Completions', type: 'string', cell: completions },
    { name: 'Duration', type: 'string', cell: duration },
    containersColumn,
    imagesColumn,
    selectorColumn,
  ],
  prepare: fill,
  check: (job) => checkJobSpec(job.spec, 'spec'),
});
export type Job = ObjectFor<typeof Job>;

const UID_LABEL = 'batch.kubernetes.io/controller-uid';
const NAME_LABEL = 'batch.kubernetes.io/job-name';

/** source: batch/v1 SetDefaults_Job and the job strategy, which selects the pods of one job by its UID. */
function fill(object: Readonly<Record<string, Json>>): Record<string, Json> {
  const filled = fillTemplate(object, ['spec', 'template']);
  const { metadata, spec } = filled;
  if (!isObject(spec)) return filled;
  const completionsDefault =
    spec['parallelism'] === 1 && spec['completions'] === undefined ? { completions: 1 } : {};
  const given = { ...completionsDefault, ...spec };
  const uid = isObject(metadata) ? metadata['uid'] : undefined;
  const name = isObject(metadata) ? metadata['name'] : undefined;
  if (spec['manualSelector'] === true || typeof uid !== 'string' || typeof name !== 'string') {
    return { ...filled, spec: given };
  }
  const template = isObject(spec['template']) ? spec['template'] : {};
  const templateMetadata = isObject(template['metadata']) ? template['metadata'] : {};
  const labels = isObject(templateMetadata['labels']) ? templateMetadata['labels'] : {};
  const own = { [UID_LABEL]: uid, [NAME_LABEL]: name, 'controller-uid': uid, 'job-name': name };
  return {
    ...filled,
    spec: {
      ...given,
      selector: { matchLabels: { [UID_LABEL]: uid } },
      template: { ...template, metadata: { ...templateMetadata, labels: { ...labels, ...own } } },
    },
  };
}

interface Shown {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly spec: { readonly completions?: number; readonly parallelism: number; readonly suspend: boolean };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly startTime?: string;
    readonly completionTime?: string;
    readonly succeeded?: number;
  };
}

/** source: kubernetes pkg/printers printJob. */
function state(job: Shown): string {
  const holds = (type: string): boolean =>
    (job.status?.conditions ?? []).some((each) => each.type === type && each.status === 'True');
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (holds('Suspended')) return 'Suspended';
  if (holds('FailureTarget')) return 'FailureTarget';
  return holds('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function completions(job: Shown): string {
  const done = job.status?.succeeded ?? 0;
  if (job.spec.completions !== undefined) return `${done}/${job.spec.completions}`;
  return job.spec.parallelism > 1 ? `${done}/1 of ${job.spec.parallelism}` : `${done}/1`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** How long a finished job took, in its two largest units; nothing while it runs, for that would need a clock. */
function duration(job: Shown): string {
  const { startTime, completionTime } = job.status ?? {};
  if (startTime === undefined || completionTime === undefined) return '';
  let seconds = Math.max(0, Math.round((Date.parse(completionTime) - Date.parse(startTime)) / 1000));
  const parts: string[] = [];
  for (const [unit, length] of UNITS) {
    const amount = Math.floor(seconds / length);
    seconds -= amount * length;
    if (amount > 0) parts.push(`${amount}${unit}`);
  }
  return parts.length === 0 ? '0s' : parts.slice(0, 2).join('');
}
