/** Only our own components write the status of our kinds. */
import { isComponent } from '../subjects.ts';
import { NONE, type Rule } from './rule.ts';

export const statusWrites: Rule = {
  name: 'status-writes',
  check: ({ kind, subresource, user }) => {
    if (subresource !== 'status' || kind.origin !== 'own' || isComponent(user)) return NONE;
    return [
      {
        code: 'STATUS_READ_ONLY',
        is: 'forbidden',
        field: 'status',
        message: 'status is written by the controllers only; change spec and wait for status to follow',
      },
    ];
  },
};
