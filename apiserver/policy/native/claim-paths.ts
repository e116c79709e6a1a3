/** Where PersistentVolumeClaims are described: by themselves, by StatefulSets, and inside of pods. */
import { POD_KINDS } from './pods.ts';

const EPHEMERAL = 'volumes[].ephemeral.volumeClaimTemplate.spec';

const podSpecPath = (resource: string): string => {
  if (resource === 'core/pods') return 'spec';
  return resource === 'batch/cronjobs' ? 'spec.jobTemplate.spec.template.spec' : 'spec.template.spec';
};

/** Paths of claim specs by resource. */
export const CLAIM_PATHS: ReadonlyMap<string, readonly string[]> = new Map([
  ['core/persistentvolumeclaims', ['spec']],
  ...POD_KINDS.map((resource): [string, readonly string[]] => {
    const inPods = `${podSpecPath(resource)}.${EPHEMERAL}`;
    return [
      resource,
      resource === 'apps/statefulsets' ? [inPods, 'spec.volumeClaimTemplates[].spec'] : [inPods],
    ];
  }),
]);
