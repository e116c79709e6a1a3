/**
 * The Secrets behind Credentials are reached by asking for them: a pod names Depots and Credentials in its
 * annotations, its author may use these, and only then may the pod refer to what is behind them. A Secret of ours
 * that is mounted by hand is refused.
 */
import { tenantNamespace, type Attributes } from '../../../api/identity.ts';
import type { AdmissionRequest } from '../../../api/admission.ts';
import type { Engine } from '../../engine.ts';
import { claimsOf, resolveClaim, type Claim } from '../../native/claims.ts';
import { credentialSecretName, isManagedName } from '../../native/managed.ts';
import { secretsOf } from '../../native/pod-references.ts';
import type { PodDescription } from '../../native/pods.ts';
import type { Violation } from '../rule.ts';
import { forbid, type NativeSubject } from './native-rule.ts';
import { podRule } from './pod-rule.ts';

export const podCredentials = podRule('pod-credentials', (pod, subject) => {
  const granted = new Set<string>();
  const objections = checkClaims(pod, subject, granted);
  const byHand = secretsOf(pod.spec)
    .filter(({ name }) => isManagedName(name) && !granted.has(name))
    .map(({ path, name }) => forbid('CRED_NOT_GRANTED', `${pod.path}spec.${path}`, notByHand(name)));
  return [...objections, ...byHand];
});

const notByHand = (name: string): string =>
  `Secret ${JSON.stringify(name)} holds a Credential and is not mounted by name; ` +
  'label the pod polder.dev/inject: "true" and name the Depot or Credential in an annotation';

/** Adds the Secrets that may be referred to. */
function checkClaims(
  pod: PodDescription,
  { request, context, tenant }: NativeSubject,
  granted: Set<string>,
): readonly Violation[] {
  const parsed = claimsOf(pod.metadata);
  if ('problem' in parsed) return [invalidClaim(`${pod.path}${parsed.field}`, parsed.problem)];
  const objections: Violation[] = [];
  for (const claim of parsed.claims) {
    const field = `${pod.path}metadata.annotations[${claim.annotation}]`;
    const denied = mayUse(context.engine, request, claim, tenantNamespace(tenant.name));
    if (denied !== undefined) {
      objections.push(forbid('CRED_NOT_GRANTED', field, denied));
      continue;
    }
    const resolved = resolveClaim(claim, tenant, context.lookup);
    if ('missing' in resolved) {
      objections.push(invalidClaim(field, `${resolved.missing}; create it first`, 'FieldValueNotFound'));
    } else if (resolved.credential !== undefined) granted.add(credentialSecretName(resolved.credential.name));
  }
  return objections;
}

const invalidClaim = (field: string, message: string, reason = 'FieldValueInvalid'): Violation => ({
  code: reason === 'FieldValueNotFound' ? 'REFERENCE_NOT_FOUND' : 'CRED_NOT_GRANTED',
  is: 'invalid',
  field,
  reason,
  message,
});

/** Why the author may not use what the pod asks for; undefined when that is allowed. */
function mayUse(
  engine: Engine,
  { user }: AdmissionRequest,
  { kind, name }: Claim,
  namespace: string,
): string | undefined {
  const attributes: Attributes = {
    is: 'resource',
    verb: 'use',
    group: kind.group,
    version: kind.version,
    resource: kind.plural,
    subresource: '',
    namespace,
    name,
  };
  const { allowed, reason } = engine.authorize(user, attributes);
  return allowed ? undefined : `${kind.kind} "${name}" may not be used by ${user.name}: ${reason}`;
}
