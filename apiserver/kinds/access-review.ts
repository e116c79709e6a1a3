/** An AccessReview asks the authorisation engine one question and gets the decision with its reason. */
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { bool, list, obj, opt, set, str } from '../api/schema.ts';
import { textMap } from './fields.ts';
import { objectName, prose } from './names.ts';

const spec = obj('The question.', {
  subject: opt(
    obj('Who would act; the caller when not set.', {
      user: str('Name of the user.', { minLength: 1, maxLength: 256 }),
      groups: opt(
        set('Groups of the user.', str('Name of a group.', { minLength: 1, maxLength: 256 }), {
          maxItems: 256,
        }),
      ),
    }),
  ),
  action: str('Resource and verb joined by a colon, such as depots:use.', {
    minLength: 1,
    maxLength: 128,
    pattern: '^[a-z][a-z0-9.-]*(/[a-z]+)?:[a-z]+(:[a-z]+)?$',
  }),
  resource: opt(
    obj('The object that would be acted on; any object when not set.', {
      name: opt(objectName('Name of the object.')),
      environment: opt(objectName('Environment the object belongs to.')),
      labels: opt(textMap('Labels of the object.')),
    }),
  ),
  attributes: opt(textMap('Further attributes that conditions may look at.')),
});

const status = obj('The answer, present in the reply only.', {
  allowed: opt(bool('Whether the action is allowed.')),
  reason: opt(prose('One sentence: who, what, where, and why.', 4096)),
  policies: opt(list('Policies that decided.', objectName('Name of a policy.'), { maxItems: 256 })),
});

export const AccessReview = defineKind({
  kind: 'AccessReview',
  plural: 'accessreviews',
  scope: 'Namespaced',
  doc: 'A question to the authorisation engine, answered in the reply and never stored.',
  spec,
  status,
  virtual: true,
  columns: [
    { name: 'Action', type: 'string', cell: (review) => review.spec.action },
    { name: 'Allowed', type: 'boolean', cell: (review) => review.status?.allowed },
    { name: 'Reason', type: 'string', cell: (review) => review.status?.reason },
  ],
});
export type AccessReview = ObjectFor<typeof AccessReview>;
