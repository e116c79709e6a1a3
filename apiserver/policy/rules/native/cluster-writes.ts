/** What the programs of a cluster write to do their work, and from which others could make pods past every rule. */
import { resourceOf } from '../../native/resource.ts';
import { isTrusted, NONE, type Rule } from '../rule.ts';

const BINDING = 'pods are put on nodes by the scheduler only; use nodeSelector, affinity or a pool';
const REASONS: ReadonlyMap<string, string> = new Map([
  ['core/pods/binding', BINDING],
  ['core/bindings', BINDING],
  [
    'apps/controllerrevisions',
    'the controllers of StatefulSets and DaemonSets write ControllerRevisions and make pods from them; ' +
      'change the StatefulSet or DaemonSet, or undo its rollout',
  ],
  [
    'core/podtemplates',
    'PodTemplates are for the programs of the cluster in the namespace of a tenant; ' +
      'write the template into a Deployment, StatefulSet, DaemonSet, Job or CronJob',
  ],
]);

export const clusterWrites: Rule = {
  name: 'cluster-writes',
  check: (request, context) => {
    const message = request.kind.origin === 'native' ? REASONS.get(resourceOf(request)) : undefined;
    if (message === undefined || isTrusted(request.user, context)) return NONE;
    if (context.engine.tenantOf(request.namespace) === undefined) return NONE;
    return [{ code: 'READ_ONLY', is: 'forbidden', message }];
  },
};
