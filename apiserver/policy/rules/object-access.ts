/**
 * The second half of the access decision on a write: the request was let in before its object was known, so rules
 * about names, labels, fields and changes are decided here, with the object as it would be stored.
 */
import type { AdmissionRequest } from '../../api/admission.ts';
import type { Attributes, Decision } from '../../api/identity.ts';
import type { JsonObject } from '../../api/json.ts';
import { question } from '../denial.ts';
import type { Engine } from '../engine.ts';
import { isTrusted, NONE, type HostCluster, type Rule } from './rule.ts';
import { isReportOfHost } from './status-reports.ts';

export const objectAccess: Rule = {
  name: 'object-access',
  check: (request, context) => {
    const { engine, host } = context;
    // No rule about particular objects is made for our components, and at the very first start there are no rules.
    if (isTrusted(request.user, context)) return NONE;
    // Our own API server has decided a delete before it looked for the object.
    if (request.operation === 'DELETE' && host === undefined) return NONE;
    const denied = denialOf(engine, request);
    if (denied?.policies.length === 0 && isReportOfHost(request, context)) return NONE;
    // Inside its tenant an account is bounded by RBAC, which is the tenant's own there, and by refusals.
    if (denied === undefined || (host !== undefined && isBoundedByRbac(denied, request, engine))) return NONE;
    request.annotate('access.policies', denied.policies.join(','));
    return [{ code: 'NOT_GRANTED', is: 'forbidden', message: worded(request, denied.reason, host) }];
  },
};

/** The last decision when none of the verbs is allowed; undefined when one is. */
function denialOf(engine: Engine, request: AdmissionRequest): Decision | undefined {
  const object = request.object ?? request.oldObject ?? 'none';
  let denied: Decision | undefined;
  // An update arrives as PUT or PATCH; what either verb allows could have been had by it.
  for (const verb of VERBS[request.operation]) {
    const decision = decide(engine, { request, verb, object });
    if (decision.allowed) return undefined;
    denied = decision;
  }
  return denied;
}

const VERBS = { CREATE: ['create'], UPDATE: ['update', 'patch'], DELETE: ['delete'] } as const;

/** Where our own API server asks, the first half of the sentence is in its answer already. */
function worded(request: AdmissionRequest, reason: string, host: HostCluster | undefined): string {
  if (host === undefined) return reason;
  const [verb] = VERBS[request.operation];
  return `${question(request.user.name, attributesOf(request, verb))}: ${reason}`;
}

/** A service account of a namespace of the tenant that the request goes to, and nobody refuses it. */
function isBoundedByRbac(denied: Decision, { user, namespace }: AdmissionRequest, engine: Engine): boolean {
  if (denied.policies.length > 0) return false;
  const [, home] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(user.name) ?? [];
  const tenant = engine.tenantOf(namespace);
  return home !== undefined && tenant !== undefined && engine.tenantOf(home)?.uid === tenant.uid;
}

function decide(
  engine: Engine,
  asked: {
    readonly request: AdmissionRequest;
    readonly verb: string;
    readonly object: JsonObject | 'none';
  },
): Decision {
  const { request, verb, object } = asked;
  const subject = { object, replaces: { object: request.oldObject } };
  return engine.authorizeObject(request.user, attributesOf(request, verb), subject);
}

function attributesOf(
  { kind, namespace, name, subresource }: AdmissionRequest,
  verb: string,
): Attributes & { readonly is: 'resource' } {
  const { group, version, plural: resource } = kind;
  return { is: 'resource', verb, group, version, resource, subresource, namespace, name };
}
