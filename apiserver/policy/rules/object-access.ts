/**
 * The second half of the access decision on a write: the request was let in before its object was known, so rules
 * about names, labels, fields and changes are decided here, with the object as it would be stored.
 */
import type { AdmissionRequest } from '../../api/admission.ts';
import type { Decision } from '../../api/identity.ts';
import type { JsonObject } from '../../api/json.ts';
import type { Engine } from '../engine.ts';
import { isComponent } from '../subjects.ts';
import { NONE, type Rule } from './rule.ts';

export const objectAccess: Rule = {
  name: 'object-access',
  check: (request, { engine }) => {
    const { operation, object, user } = request;
    // No rule about particular objects is made for our components, and at the very first start there are no rules.
    if (operation === 'DELETE' || object === undefined || isComponent(user)) return NONE;
    // An update arrives as PUT or PATCH; what either verb allows could have been had by it.
    const verbs = operation === 'CREATE' ? ['create'] : ['update', 'patch'];
    let denied: Decision | undefined;
    for (const verb of verbs) {
      const decision = decide(engine, { request, verb, object });
      if (decision.allowed) return NONE;
      denied = decision;
    }
    if (denied !== undefined) request.annotate('access.policies', denied.policies.join(','));
    return [{ code: 'NOT_GRANTED', is: 'forbidden', message: denied?.reason ?? '' }];
  },
};

function decide(
  engine: Engine,
  asked: { readonly request: AdmissionRequest; readonly verb: string; readonly object: JsonObject },
): Decision {
  const { request, verb, object } = asked;
  const { kind, namespace, name, subresource, oldObject, user } = request;
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
  return engine.authorizeObject(user, attributes, { object, replaces: { object: oldObject } });
}
