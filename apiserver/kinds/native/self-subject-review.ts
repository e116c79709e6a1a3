/** authentication.k8s.io/v1 SelfSubjectReview: answers `kubectl auth whoami`. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { list, map, obj, opt } from '../../api/schema.ts';
import { text } from './fields.ts';

export const SelfSubjectReview = defineNative({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  scope: 'Cluster',
  doc: 'Tells the caller who the server thinks it is.',
  fields: {
    status: opt(
      obj('The answer.', {
        userInfo: opt(
          obj('The caller.', {
            username: opt(text('Name of the user.')),
            uid: opt(text('Identity of the user.')),
            groups: opt(list('Groups of the user.', text('A group.'))),
            extra: opt(map('What else is known.', list('Values.', text('A value.')))),
          }),
        ),
      }),
    ),
  },
  virtual: true,
});
export type SelfSubjectReview = ObjectFor<typeof SelfSubjectReview>;
