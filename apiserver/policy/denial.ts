/**
 * What a caller reads when access is refused: why, and how to get it. The text depends on what the caller typed and
 * on policies the caller's own tenant made known to them, never on whether something exists.
 */
import type { Attributes } from '../api/identity.ts';
import { groupAlias, OWN_ALIAS } from './actions.ts';
import { glob } from './model.ts';
import type { Rule } from './snapshot.ts';

/** Who asked what and where: the beginning of the sentence whose end is the reason of a decision. */
export function question(name: string, attributes: Attributes): string {
  const who = `User ${quoted(name)} cannot ${clean(attributes.verb)}`;
  if (attributes.is === 'path') return `${who} path ${quoted(attributes.path)}`;
  const { resource, subresource, group, namespace } = attributes;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${quoted(namespace)}`;
  return `${who} resource ${quoted(what)} in API group ${quoted(group)} ${where}`;
}

/** The action to ask for, as a policy spells it. */
function wanted(attributes: Attributes): string {
  if (attributes.is === 'path') return `${attributes.verb} ${clean(attributes.path)}`;
  const { resource, subresource, group, verb } = attributes;
  const alias = groupAlias(group);
  const qualified = alias === OWN_ALIAS || alias === 'core' ? resource : `${resource}.${group}`;
  return clean(`${qualified}${subresource === '' ? '' : `/${subresource}`}:${verb}`);
}

/**
 * Who can help: administrators of a tenant hand out what the role of administrators holds (`grantable`), for
 * everything else they cannot, whoever they are, and sending the caller to them would be a dead end.
 */
export function notGranted(attributes: Attributes, grantable: boolean): string {
  const action = wanted(attributes);
  if (attributes.is === 'path' || attributes.namespace === '')
    return `no policy allows it, ask an operator for the action "${action}"`;
  if (grantable)
    return `no AccessPolicy allows it, ask an administrator of the namespace for the action "${action}"`;
  const use = isSecret(attributes)
    ? '; the value of a Credential is used through a Depot, it is never read'
    : '';
  return `no AccessPolicy can allow it: the AccessRole "${TENANT_ADMIN_ROLE}" lacks the action "${action}", ask an operator${use}`;
}

/** Bounds what administrators of tenants hold, and so what an AccessPolicy can grant. */
export const TENANT_ADMIN_ROLE = 'tenant-admin';

const isSecret = (attributes: Attributes): boolean =>
  attributes.is === 'resource' && attributes.group === '' && attributes.resource === 'secrets';

/** For a caller who may know the policies: their own tenant's, or the platform's. */
export function refused(policies: readonly string[]): string {
  const by = policies.slice(0, MAX_NAMED).join(', ');
  return `denied by ${by}, which overrides every grant; ask who maintains that policy`;
}

const MAX_NAMED = 3;

/** Up to three rules of the caller that almost fit, as a second line; empty when there are none. */
export function nearest(
  rules: readonly Rule[],
  asked: { readonly kind: string; readonly verb: string },
): string {
  const close = rules
    .filter((rule) => rule.effect === 'allow' && glob(asked.kind, rule.kind))
    .map((rule) => {
      const action = `${rule.kind.slice(rule.kind.indexOf('/') + 1)}:${rule.verb}`;
      if (rule.name !== '*') return `${action} on objects named ${rule.name}`;
      return rule.condition === undefined ? action : `${action} under a condition`;
    });
  const distinct = [...new Set(close)].slice(0, MAX_NAMED);
  return distinct.length === 0 ? '' : `\nAllowed here: ${distinct.join(', ')}.`;
}

const MAX_WORD = 253;
/** What the caller typed, on one line and cut: it goes into terminals and logs. */
export const clean = (text: string): string =>
  text.slice(0, MAX_WORD).replaceAll(/[\p{Cc}\u2028\u2029]/gu, '\ufffd');
const quoted = (text: string): string => JSON.stringify(clean(text));
