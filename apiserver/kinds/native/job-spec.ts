/** What Job and CronJob share: the specification of a job. source: batch/v1 JobSpec. */
import { cause } from '../../api/causes.ts';
import type { Cause } from '../../api/errors.ts';
import { bool, int, list, obj, opt, set, str, type Value } from '../../api/schema.ts';
import { labelSelector } from '../fields.ts';
import { text } from './fields.ts';
import { checkPodSpec, podTemplate } from './pod-template.ts';

const exitCodes = obj('Exit codes that the rule is about.', {
  containerName: opt(text('Container that is looked at; all of them when not set.')),
  operator: text('In or NotIn.'),
  values: set('Codes to compare with.', int('A code.')),
});

const podFailurePolicy = obj('What failures of pods mean.', {
  rules: list(
    'Rules; the first that matches counts.',
    obj('One rule.', {
      action: text('FailJob, FailIndex, Ignore or Count.'),
      onExitCodes: opt(exitCodes),
      onPodConditions: opt(
        list(
          'Conditions of the pod that the rule is about.',
          obj('One condition.', {
            type: text('Type of the condition.'),
            status: text('Status of the condition.', { default: 'True' }),
          }),
        ),
      ),
    }),
  ),
});

export const jobSpec = obj('Desired state.', {
  parallelism: int('Pods at a time.', { minimum: 0, default: 1 }),
  completions: opt(int('Pods that must succeed.', { minimum: 0 })),
  activeDeadlineSeconds: opt(int('Time after which the job has failed.', { format: 'int64' })),
  podFailurePolicy: opt(podFailurePolicy),
  successPolicy: opt(
    obj('When the job has succeeded before all pods have.', {
      rules: list(
        'Rules; the first that matches counts.',
        obj('One rule.', {
          succeededIndexes: opt(text('Indexes that must have succeeded.')),
          succeededCount: opt(int('Number of indexes that must have succeeded.')),
        }),
      ),
    }),
  ),
  backoffLimit: int('Failures after which the job has failed.', { minimum: 0, default: 6 }),
  backoffLimitPerIndex: opt(int('Failures after which an index has failed.', { minimum: 0 })),
  maxFailedIndexes: opt(int('Failed indexes after which the job has failed.', { minimum: 0 })),
  selector: opt(labelSelector('Labels of the pods; made by the server unless manualSelector is set.')),
  manualSelector: opt(bool('Whether selector is what the user sent.')),
  template: podTemplate,
  ttlSecondsAfterFinished: opt(int('How long the finished job is kept.', { minimum: 0 })),
  completionMode: str('Whether pods have an index.', {
    enum: ['NonIndexed', 'Indexed'],
    default: 'NonIndexed',
  }),
  suspend: bool('Whether no pods are made for now.', { default: false }),
  podReplacementPolicy: opt(text('When a failed pod is replaced.')),
  managedBy: opt(text('Controller that runs the job.')),
});

/** source: batch validation ValidateJobSpec. */
export function checkJobSpec(spec: Value<typeof jobSpec>, field: string): readonly Cause[] {
  const pods = spec.template.spec;
  const causes = [...checkPodSpec(pods, `${field}.template.spec`)];
  if (pods.restartPolicy === 'Always') {
    causes.push(cause.notSupported(`${field}.template.spec.restartPolicy`, 'Always', ['OnFailure', 'Never']));
  }
  if (spec.completionMode === 'Indexed' && spec.completions === undefined) {
    causes.push(cause.required(`${field}.completions`, 'when completion mode is Indexed'));
  }
  return causes;
}
