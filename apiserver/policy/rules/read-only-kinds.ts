/** Kinds that controllers keep for users to look at are not written by users. */
import { isComponent, isSuperuser } from '../subjects.ts';
import { NONE, type Rule } from './rule.ts';

export const readOnlyKinds: Rule = {
  name: 'read-only-kinds',
  check: ({ kind, operation, user }) => {
    if (!kind.readOnlyForUsers || isComponent(user)) return NONE;
    // The last way out when a controller is gone for good.
    if (operation === 'DELETE' && isSuperuser(user)) return NONE;
    const message = `${kind.plural} are written by the controllers only; change the object they are made from`;
    return [{ code: 'READ_ONLY', is: 'forbidden', message }];
  },
};
