/** Controllers that a host cluster runs beside its own: ingress controllers, load balancers, storage drivers. */
import type { AdmissionRequest } from '../../api/admission.ts';
import type { RuleContext } from './rule.ts';

/**
 * An account of a namespace that no tenant has writes what it observed into the status of a tenant's object. Whether
 * it may is said by RBAC of the host, which only operators give out there. Labels are held by rules of their own.
 */
export function isReportOfHost(request: AdmissionRequest, { engine, host }: RuleContext): boolean {
  const { kind, subresource, user, namespace } = request;
  if (host === undefined || subresource !== 'status' || kind.origin !== 'native' || namespace === '')
    return false;
  const [, home] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(user.name) ?? [];
  return home !== undefined && engine.tenantOf(home) === undefined;
}
