/**
 * Puts every request to the authorizer and words its refusals: Kubernetes' sentence, then the engine's reason
 * (who, what, where, why, and how to get it).
 */
import { ApiError } from '../api/errors.ts';
import type { Attributes, Decision, UserInfo } from '../api/identity.ts';
import type { Kind } from '../api/kind.ts';
import type { AccessGate, Authorizer, Visibility } from '../policy/policy.ts';
import type { Exchange } from './exchange.ts';
import type { RequestInfo } from './request-info.ts';

type ResourceAttributes = Attributes & { readonly is: 'resource' };

export function resourceAttributes(info: RequestInfo, verb: string = info.verb): ResourceAttributes {
  return {
    is: 'resource',
    verb,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
  };
}

export const attributesOf = (info: RequestInfo): Attributes =>
  info.isResource ? resourceAttributes(info) : { is: 'path', verb: info.verb, path: info.path };

/** Throws `ApiError` Forbidden. Records the decision for audit. */
export function requireAccess(authorizer: Authorizer, exchange: Exchange, attributes: Attributes): void {
  requireAllowed(authorizer.authorize(exchange.user, attributes), exchange, attributes);
}

/**
 * As `requireAccess` for who is asked beside or before our own engine. Throws at once where the answer is known,
 * else returns what to wait for.
 */
export function requirePassage(
  gate: AccessGate,
  exchange: Exchange,
  attributes: Attributes,
): Promise<void> | void {
  const decision = gate.authorize(exchange.user, attributes);
  if (decision instanceof Promise)
    return decision.then((later) => requireAllowed(later, exchange, attributes));
  return requireAllowed(decision, exchange, attributes);
}

function requireAllowed(decision: Decision, exchange: Exchange, attributes: Attributes): void {
  exchange.decision = decision;
  if (!decision.allowed) throw forbiddenBy(exchange.user, attributes, decision);
}

/** As `requireAccess` for list, watch and deletecollection: the answer holds what `visibility` allows. */
export function requireListAccess(authorizer: Authorizer, exchange: Exchange, kind: Kind): Visibility {
  const attributes = resourceAttributes(exchange.info);
  const { decision, visibility } = authorizer.authorizeList(exchange.user, attributes, kind);
  exchange.decision = decision;
  if (!decision.allowed) throw forbiddenBy(exchange.user, attributes, decision);
  return visibility;
}

/** source: kubernetes/apiserver pkg/endpoints/handlers/responsewriters/errors.go */
export function forbiddenBy(user: UserInfo, attributes: Attributes, decision: Decision): ApiError {
  const reason = decision.reason === '' ? '' : `: ${decision.reason}`;
  if (attributes.is === 'path') {
    return new ApiError(
      'Forbidden',
      `forbidden: User ${quote(user.name)} cannot ${attributes.verb} path ${quote(attributes.path)}${reason}`,
      { details: {} },
    );
  }
  const { group, resource, subresource, namespace, name } = attributes;
  const what = quote(subresource === '' ? resource : `${resource}/${subresource}`);
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(namespace)}`;
  const object = `${group === '' ? resource : `${resource}.${group}`}${name === '' ? '' : ` ${quote(name)}`}`;
  const sentence = `User ${quote(user.name)} cannot ${attributes.verb} resource ${what} in API group ${quote(group)} ${where}`;
  return new ApiError('Forbidden', `${object} is forbidden: ${sentence}${reason}`, {
    details: {
      ...(name === '' ? {} : { name }),
      ...(group === '' ? {} : { group }),
      kind: resource,
    },
  });
}

const quote = (text: string): string => JSON.stringify(text);
