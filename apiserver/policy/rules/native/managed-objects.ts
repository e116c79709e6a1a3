/**
 * What Polder keeps in a tenant's namespaces (quotas, network policies, accounts, Secrets behind Credentials) is
 * known by its name. Nobody else makes, changes or deletes such an object, or something that looks like one.
 */
import type { AdmissionRequest } from '../../../api/admission.ts';
import { BREAK_GLASS_ANNOTATION, BREAK_GLASS_GROUP } from '../../../api/identity.ts';
import { at, isObject } from '../../../api/json.ts';
import { Tenant } from '../../../kinds/tenant.ts';
import { isManagedName, MANAGED_PREFIX } from '../../native/managed.ts';
import { resourceOf } from '../../native/resource.ts';
import { isSuperuser } from '../../subjects.ts';
import { isTrusted, NONE, type Rule, type RuleContext, type Violation } from '../rule.ts';

const RESOURCES: ReadonlySet<string> = new Set([
  'core/secrets',
  'core/serviceaccounts',
  'core/resourcequotas',
  'core/limitranges',
  'core/configmaps',
  'networking.k8s.io/networkpolicies',
  'rbac.authorization.k8s.io/roles',
  'rbac.authorization.k8s.io/rolebindings',
]);
const MANAGED_BY = 'app.kubernetes.io/managed-by';

export const managedObjects: Rule = {
  name: 'managed-objects',
  check: (request, context) => {
    if (request.kind.origin !== 'native' || !RESOURCES.has(subjectOf(request))) return NONE;
    if (isAllowed(request, context)) return NONE;
    const { operation, name, kind } = request;
    if (isManagedName(nameOf(request))) {
      if (operation !== 'CREATE') return [readOnly(kind.kind, name)];
      const message = `names that start with "${MANAGED_PREFIX}" belong to Polder here; choose another one`;
      return [{ code: 'RESERVED_METADATA', is: 'forbidden', field: 'metadata.name', message }];
    }
    return pretends(request);
  },
};

/** Through its status an object gets labels too, and a quota its count. */
const subjectOf = (request: AdmissionRequest): string =>
  resourceOf(request.subresource === 'status' ? { ...request, subresource: '' } : request);

function isAllowed(request: AdmissionRequest, context: RuleContext): boolean {
  if (isTrusted(request.user, context)) return true;
  const tenant = context.engine.tenantOf(request.namespace);
  return tenant === undefined || isRescue(request, context, tenant.name);
}

/** Whoever may break the glass may also take away what is in the way; the agent puts back what is still wanted. */
function isRescue({ operation, user }: AdmissionRequest, { lookup }: RuleContext, tenant: string): boolean {
  if (operation === 'CREATE' || !(isSuperuser(user) || user.groups.includes(BREAK_GLASS_GROUP))) return false;
  const annotations = at(lookup.find(Tenant, '', tenant), 'metadata.annotations');
  const reason = isObject(annotations) ? annotations[BREAK_GLASS_ANNOTATION] : undefined;
  return typeof reason === 'string' && reason.trim() !== '';
}

/** The name may still have to be made from generateName. */
function nameOf({ name, object }: AdmissionRequest): string {
  const base = at(object, 'metadata.generateName');
  return name === '' && typeof base === 'string' ? base : name;
}

const readOnly = (kind: string, name: string): Violation => ({
  code: 'READ_ONLY',
  is: 'forbidden',
  message: `${kind} "${name}" is kept by Polder; change the Tenant, DataCluster or Credential that it is made from`,
});

function pretends({ operation, object, oldObject }: AdmissionRequest): readonly Violation[] {
  if (operation === 'DELETE') return NONE;
  const labelOf = (of: unknown): unknown =>
    (at(of, 'metadata.labels') as Record<string, unknown> | undefined)?.[MANAGED_BY];
  if (labelOf(object) !== 'polder' || labelOf(oldObject) === 'polder') return NONE;
  const message = `"${MANAGED_BY}: polder" is for what Polder manages`;
  return [{ code: 'RESERVED_METADATA', is: 'forbidden', field: `metadata.labels[${MANAGED_BY}]`, message }];
}
