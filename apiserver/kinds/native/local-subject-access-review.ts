/** authorization.k8s.io/v1 LocalSubjectAccessReview. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { reviewStatus, subjectReviewSpec } from './access-review-fields.ts';

export const LocalSubjectAccessReview = defineNative({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  scope: 'Namespaced',
  doc: 'Asks whether a user or group may do something in one namespace.',
  fields: { spec: subjectReviewSpec, status: reviewStatus },
  virtual: true,
});
export type LocalSubjectAccessReview = ObjectFor<typeof LocalSubjectAccessReview>;
