/** How an object of the plane is, from its own status; kinds without a notion of health are healthy once there. */
import { at } from '../../apiserver/api/json.ts';
import type { ObjectResult } from '../replica/messages.ts';

type Health = ObjectResult['health'];
const number = (object: unknown, path: string): number => {
  const value = at(object, path);
  return typeof value === 'number' ? value : 0;
};

/** source: the readiness rules users know from `kubectl rollout status`. */
export function healthOf(kind: string, object: unknown): Health {
  switch (kind) {
    case 'Namespace':
      return at(object, 'status.phase') === 'Terminating' ? 'Degraded' : 'Healthy';
    case 'Deployment':
      return number(object, 'status.availableReplicas') >= number(object, 'spec.replicas')
        ? 'Healthy'
        : 'Progressing';
    case 'StatefulSet':
      return number(object, 'status.readyReplicas') >= number(object, 'spec.replicas')
        ? 'Healthy'
        : 'Progressing';
    case 'Job':
      return number(object, 'status.succeeded') > 0 ? 'Healthy' : 'Progressing';
    default:
      return 'Healthy';
  }
}
