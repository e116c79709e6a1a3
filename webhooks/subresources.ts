/**
 * What a write through a subresource means for the object it belongs to: some carry an object of another kind, which
 * no rule about the resource can read, and some are another way to do what the resource itself is asked about.
 */
import type { AdmissionRequest } from '../apiserver/api/admission.ts';
import type { Review } from './review.ts';

/** What the rules are asked in place of the review. */
export type Meaning = Pick<AdmissionRequest, 'operation' | 'subresource' | 'object' | 'oldObject'>;

const NOTHING = { object: undefined, oldObject: undefined } as const;

/** The operation is never CONNECT here: what is opened is decided by verbs of its own. */
export function meaningOf(
  { subresource, object, oldObject }: Review,
  operation: AdmissionRequest['operation'],
): Meaning {
  switch (subresource) {
    // A Scale of autoscaling/v1: the number of replicas and no other field.
    case 'scale':
      return { operation: 'UPDATE', subresource, ...NOTHING };
    // An Eviction of policy/v1, after which the pod is gone.
    case 'eviction':
      return { operation: 'DELETE', subresource: '', ...NOTHING };
    // A Binding, which has labels of its own that the pod takes over.
    case 'binding':
      return { operation, subresource, ...NOTHING };
    // The Pod as it is going to be.
    case 'resize':
      return { operation, subresource: '', object, oldObject };
    default:
      return { operation, subresource, object, oldObject };
  }
}
