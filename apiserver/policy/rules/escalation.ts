/** Nobody hands out more than they hold: every rule of a grant must be covered by rules of its author. */
import type { AdmissionRequest } from '../../api/admission.ts';
import { at } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { AccessPolicy } from '../../kinds/access-policy.ts';
import { ClusterAccessPolicy } from '../../kinds/cluster-access-policy.ts';
import { PATH_ALIAS } from '../actions.ts';
import type { GrantRule } from '../grants.ts';
import { TENANT_ADMIN_ROLE } from '../denial.ts';
import { glob } from '../model.ts';
import type { Rule as Held } from '../snapshot.ts';
import { isComponent } from '../subjects.ts';
import { NONE, type Rule } from './rule.ts';

const MAX_LISTED = 3;
const PATHS = `${PATH_ALIAS}/`;

export const escalation: Rule = {
  name: 'escalation',
  check: (request, { engine }) => {
    const { namespace, object, user } = request;
    if (object === undefined || !isNewGrant(request)) return NONE;
    const held = engine.rulesOf(user, namespace);
    const rules = (engine.compile(object)?.rules ?? []).filter((rule) => canApply(rule, request.kind));
    const missing = rules.filter((rule) => !isHeld(rule, held));
    if (missing.length === 0) return NONE;
    const listed = missing.slice(0, MAX_LISTED).map(describe).join(', ');
    const more = missing.length > MAX_LISTED ? ` and ${missing.length - MAX_LISTED} more` : '';
    const field = at(object, 'spec.roleRef') === undefined ? 'spec.actions' : 'spec.roleRef';
    const inReach =
      request.kind !== AccessPolicy || missing.every((rule) => engine.grantable(rule.kind, rule.verb));
    const whom = inReach
      ? 'somebody who holds it'
      : `an operator, because the AccessRole "${TENANT_ADMIN_ROLE}" lacks it and nobody in a tenant can hold more`;
    const message = `cannot grant what ${user.name} does not hold here: ${listed}${more}; ask ${whom}`;
    return [{ code: 'ESCALATION', is: 'forbidden', field, message }];
  },
};

/** URLs outside the resource API belong to no tenant: inside one, a role that speaks of them grants nothing by it. */
const canApply = (rule: GrantRule, kind: Kind): boolean =>
  kind !== AccessPolicy || !rule.kind.startsWith(PATHS);

function isNewGrant({ kind, operation, subresource, object, oldObject, user }: AdmissionRequest): boolean {
  if (kind !== AccessPolicy && kind !== ClusterAccessPolicy) return false;
  if (operation === 'DELETE' || subresource !== '' || isComponent(user)) return false;
  // Labels and annotations of a grant that somebody else made may be changed.
  const isSame = JSON.stringify(at(object, 'spec')) === JSON.stringify(at(oldObject, 'spec'));
  return at(object, 'spec.effect') === 'Allow' && !isSame;
}

/** A refusal that takes the whole rule away counts; one that narrows it narrows the grantee as well. */
function isHeld(rule: GrantRule, held: readonly Held[]): boolean {
  const covering = held.filter(
    (own) => glob(rule.kind, own.kind) && glob(rule.verb, own.verb) && glob(rule.name, own.name),
  );
  const isUnconditional = (own: Held): boolean =>
    own.condition === undefined || own.condition.text === rule.condition?.text;
  if (covering.some((own) => own.effect === 'deny' && own.condition === undefined)) return false;
  return covering.some((own) => own.effect === 'allow' && isUnconditional(own));
}

function describe({ kind, verb, name }: GrantRule): string {
  const action = `${kind.slice(kind.indexOf('/') + 1)}:${verb}`;
  return name === '*' ? action : `${action} on ${name}`;
}
