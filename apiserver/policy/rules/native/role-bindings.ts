/**
 * RoleBindings of a tenant hand out a few known roles, to its own people and accounts. What a role may hold is
 * bounded too, so that neither is a way around the other.
 */
import { at, isObject, type Json, type JsonObject } from '../../../api/json.ts';
import { ClusterRole } from '../../../kinds/native/cluster-role.ts';
import { TENANT_ACCOUNT } from '../../native/managed.ts';
import type { Rule, RuleContext, Violation } from '../rule.ts';
import { forbid, nativeRule, type NativeSubject } from './native-rule.ts';

const RBAC = 'rbac.authorization.k8s.io';
/** Of every Kubernetes. */
const VIEW = 'view';
/** Of planes: the embedded one, and clusters with an agent. */
const TENANT_EDITOR = 'polder-tenant-editor';
/** Cluster roles without secrets, service accounts or rights that lead to more rights. */
const CLUSTER_ROLES: ReadonlySet<string> = new Set([VIEW, TENANT_EDITOR]);

export const roleBindings: Rule = nativeRule('role-bindings', [`${RBAC}/rolebindings`], (subject) => [
  ...role(subject),
  ...subjects(subject),
]);

function role({ object, request, context }: NativeSubject): readonly Violation[] {
  const name = at(object, 'roleRef.name');
  if (at(object, 'roleRef.kind') !== 'ClusterRole' || typeof name !== 'string') return [];
  if (CLUSTER_ROLES.has(name)) return [];
  const decision = context.engine.authorize(request.user, {
    is: 'resource',
    verb: 'bind',
    group: RBAC,
    version: 'v1',
    resource: 'clusterroles',
    subresource: '',
    namespace: request.namespace,
    name,
  });
  if (decision.allowed) return [];
  const message =
    `ClusterRole ${JSON.stringify(name)} may not be bound in the namespace of a tenant; ` +
    `bind ${[...present(context).map((each) => `"${each}"`), 'a Role of your own'].join(', or ')}`;
  return [forbid('ESCALATION', 'roleRef.name', message)];
}

/** The roles that may be bound and that there are: whether a host has an agent too is not known here. */
const present = ({ host, lookup }: RuleContext): readonly string[] =>
  host === undefined
    ? [...CLUSTER_ROLES].filter((each) => lookup.find(ClusterRole, '', each) !== undefined)
    : [VIEW];

function subjects(subject: NativeSubject): readonly Violation[] {
  const entries: Json | undefined = subject.object['subjects'];
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown, index) =>
    isObject(entry) ? checkSubject(subject, entry, `subjects[${index}]`) : [],
  );
}

function checkSubject(
  { context, tenant, request }: NativeSubject,
  entry: JsonObject,
  field: string,
): readonly Violation[] {
  const { kind, name, namespace } = entry;
  if (typeof name !== 'string') return [];
  if (kind === 'ServiceAccount') {
    const home = typeof namespace === 'string' && namespace !== '' ? namespace : request.namespace;
    if (context.engine.tenantOf(home)?.uid === tenant.uid) return [];
    return [forbid('CROSS_TENANT_REF', `${field}.namespace`, 'the account is not one of this tenant')];
  }
  // Everybody, every account, or a part of the cluster itself.
  if (!name.startsWith('system:')) return [];
  const message = `${JSON.stringify(name)} is more than this tenant; name its people and groups, or "${TENANT_ACCOUNT}"`;
  return [forbid('ESCALATION', `${field}.name`, message)];
}
