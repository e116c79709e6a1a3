/** authorization.k8s.io/v1 SubjectAccessReview. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { reviewStatus, subjectReviewSpec } from './access-review-fields.ts';

export const SubjectAccessReview = defineNative({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  scope: 'Cluster',
  doc: 'Asks whether a user or group may do something.',
  fields: { spec: subjectReviewSpec, status: reviewStatus },
  virtual: true,
});
export type SubjectAccessReview = ObjectFor<typeof SubjectAccessReview>;
