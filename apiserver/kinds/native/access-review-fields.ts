/** What the access reviews of authorization.k8s.io/v1 share. */
import { bool, list, map, obj, opt, type Value } from '../../api/schema.ts';
import { text } from './fields.ts';

const requirement = obj('One requirement.', {
  key: text('Field or label that is looked at.'),
  operator: text('How it is compared.'),
  values: opt(list('Values to compare with.', text('A value.'))),
});
const requirements = obj('Selector of the request.', {
  rawSelector: opt(text('As it stands in the URL.')),
  requirements: opt(list('Parsed form.', requirement)),
});

export const resourceAttributes = obj('A question about a resource.', {
  namespace: opt(text('Namespace; all of them when empty.')),
  verb: opt(text('Verb, or *.')),
  group: opt(text('Group, or *.')),
  version: opt(text('Version, or *.')),
  resource: opt(text('Resource, or *.')),
  subresource: opt(text('Subresource; the object itself when empty.')),
  name: opt(text('Name; every object when empty.')),
  fieldSelector: opt({ ...requirements, description: 'Field selector of the request.' }),
  labelSelector: opt({ ...requirements, description: 'Label selector of the request.' }),
});
export const nonResourceAttributes = obj('A question about a path.', {
  path: opt(text('The path.')),
  verb: opt(text('Verb.')),
});

export const subjectReviewSpec = obj('The question.', {
  resourceAttributes: opt(resourceAttributes),
  nonResourceAttributes: opt(nonResourceAttributes),
  user: opt(text('User who is asked about.')),
  groups: opt(list('Groups of the user.', text('A group.'))),
  extra: opt(map('What else is known of the user.', list('Values.', text('A value.')))),
  uid: opt(text('Identity of the user.')),
});
export type SubjectReviewSpec = Value<typeof subjectReviewSpec>;

export const reviewStatus = opt(
  obj('The answer.', {
    allowed: bool('Whether it is allowed.'),
    denied: opt(bool('Whether it is refused whatever others say.')),
    reason: opt(text('Why.')),
    evaluationError: opt(text('What went wrong while deciding.')),
  }),
);
