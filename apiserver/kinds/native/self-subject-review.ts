/** authentication.k8s.io/v1 SelfSubjectReview: answers `kubectl auth whoami`. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { selfSubjectReviewStatus } from './self-subject-review-status.ts';

export const SelfSubjectReview = defineNative({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  scope: 'Cluster',
  doc: 'Tells the caller who the server thinks it is.',
  fields: { status: selfSubjectReviewStatus },
  virtual: true,
});
export type SelfSubjectReview = ObjectFor<typeof SelfSubjectReview>;
