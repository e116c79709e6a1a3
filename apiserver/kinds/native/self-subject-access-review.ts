/** authorization.k8s.io/v1 SelfSubjectAccessReview: answers `kubectl auth can-i`. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { obj, opt } from '../../api/schema.ts';
import { nonResourceAttributes, resourceAttributes, reviewStatus } from './access-review-fields.ts';

export const SelfSubjectAccessReview = defineNative({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  scope: 'Cluster',
  doc: 'Asks whether the caller may do something.',
  fields: {
    spec: obj('The question; one of the two.', {
      resourceAttributes: opt(resourceAttributes),
      nonResourceAttributes: opt(nonResourceAttributes),
    }),
    status: reviewStatus,
  },
  virtual: true,
});
export type SelfSubjectAccessReview = ObjectFor<typeof SelfSubjectAccessReview>;
