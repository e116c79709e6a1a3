/** Refusals on trial: a policy with enforcement Warn, Audit or Shadow says what it would have refused. */
import { isComponent } from '../subjects.ts';
import { NONE, type Rule } from './rule.ts';

export const advice: Rule = {
  name: 'advice',
  check: (request, { engine }) => {
    const { kind, operation, namespace, name, subresource, object, oldObject, user } = request;
    if (isComponent(user)) return NONE;
    const subject = { object: object ?? oldObject ?? 'none', replaces: { object: oldObject } } as const;
    for (const verb of VERBS[operation]) {
      const attributes = {
        is: 'resource',
        verb,
        group: kind.group,
        version: kind.version,
        resource: kind.plural,
        subresource,
        namespace,
        name,
      } as const;
      const found = engine.advise(user, attributes, subject);
      for (const { policy, enforcement } of found) {
        request.annotate(`access.${enforcement.toLowerCase()}`, policy);
        if (enforcement === 'Warn')
          request.warn(`${policy} is going to deny this: ${verb} ${kind.plural} "${name}"`);
      }
      if (found.length > 0) break;
    }
    return NONE;
  },
};

const VERBS = { CREATE: ['create'], UPDATE: ['update', 'patch'], DELETE: ['delete'] } as const;
