/** authentication.k8s.io/v1beta1 SelfSubjectReview: `kubectl auth whoami` up to 1.27 knows no newer version. */
import { defineNative } from '../../api/kind.ts';
import { selfSubjectReviewStatus } from './self-subject-review-status.ts';

export const SelfSubjectReviewV1Beta1 = defineNative({
  group: 'authentication.k8s.io',
  version: 'v1beta1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  scope: 'Cluster',
  doc: 'Tells the caller who the server thinks it is.',
  fields: { status: selfSubjectReviewStatus },
  virtual: true,
});
