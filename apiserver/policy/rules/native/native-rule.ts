/** What the rules about Kubernetes' own kinds share: whom and what they are about, and what was there before. */
import type { AdmissionRequest } from '../../../api/admission.ts';
import type { JsonObject } from '../../../api/json.ts';
import type { Kind } from '../../../api/kind.ts';
import type { TenantIdentity } from '../../engine.ts';
import { resourceOf } from '../../native/resource.ts';
import { newViolations } from '../../native/sameness.ts';
import { isTrusted, NONE, type Rule, type RuleContext, type Violation } from '../rule.ts';

export interface NativeSubject {
  readonly request: AdmissionRequest;
  readonly context: RuleContext;
  /** Owner of the namespace. */
  readonly tenant: TenantIdentity;
  readonly kind: Kind;
  readonly object: JsonObject;
}

/**
 * A rule about what may be written into the namespace of a tenant, by anybody but our components and the programs
 * of the cluster. An update is not refused for what was there before and stays as it was: workloads made under an
 * older policy can still be scaled, labelled and repaired step by step.
 */
export function nativeRule(
  name: string,
  resources: readonly string[],
  check: (subject: NativeSubject) => readonly Violation[],
): Rule {
  const governed = new Set(resources);
  return {
    name,
    check: (request, context) => {
      const { object, oldObject, user, kind } = request;
      if (object === undefined || kind.origin !== 'native' || !governed.has(resourceOf(request))) return NONE;
      if (isTrusted(user, context)) return NONE;
      const tenant = context.engine.tenantOf(request.namespace);
      if (tenant === undefined) return NONE;
      const subject = { request, context, tenant, kind };
      const now = check({ ...subject, object });
      if (now.length === 0 || oldObject === undefined) return now;
      const before = { object: oldObject, violations: check({ ...subject, object: oldObject }) };
      return newViolations({ object, violations: now }, before);
    },
  };
}

export const forbid = (code: Violation['code'], field: string, message: string): Violation => ({
  code,
  is: 'forbidden',
  field,
  message,
});
