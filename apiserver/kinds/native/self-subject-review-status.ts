/** What every version of SelfSubjectReview answers. */
import { list, map, obj, opt } from '../../api/schema.ts';
import { text } from './fields.ts';

export const selfSubjectReviewStatus = opt(
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
);
