/** AccessRole, AccessPolicy, ClusterAccessPolicy: does a policy have an effect, and how many hand a role out? */
import type { Informer } from '../../apiserver/client/informer.ts';
import { refOf } from '../../apiserver/client/resource.ts';
import { AccessPolicy } from '../../apiserver/kinds/access-policy.ts';
import { AccessRole } from '../../apiserver/kinds/access-role.ts';
import { ClusterAccessPolicy } from '../../apiserver/kinds/cluster-access-policy.ts';
import { POLICY_OVER } from '../../apiserver/policy/grants.ts';
import { no, yes, type Finding } from './core/conditions.ts';
import type { Reconciler, ReconcilerDeps } from './core/reconciler.ts';
import { createStatusReconciler, onExistence } from './core/status-reconciler.ts';

type Policy = AccessPolicy | ClusterAccessPolicy;

export function createAccessRoleReconciler({ informers }: ReconcilerDeps): Reconciler {
  const roles = informers.of(AccessRole);
  const policies = informers.of(AccessPolicy);
  const clusterPolicies = informers.of(ClusterAccessPolicy);
  const roleOf = ({ spec }: Policy): readonly { readonly name: string }[] =>
    spec.roleRef === undefined ? [] : [{ name: spec.roleRef.name }];
  return createStatusReconciler({
    name: 'access-role',
    objects: roles,
    triggers: [onExistence(policies, roleOf), onExistence(clusterPolicies, roleOf)],
    conclude: (role) => ({
      conditions: { Valid: yes('Valid') },
      fields: {
        boundBy: [...policies.list(), ...clusterPolicies.list()].filter(
          ({ spec }) => spec.roleRef?.name === role.metadata.name,
        ).length,
      },
    }),
  });
}

export const createAccessPolicyReconciler = ({ informers }: ReconcilerDeps): Reconciler =>
  forPolicies('access-policy', informers.of(AccessPolicy), informers.of(AccessRole));

export const createClusterAccessPolicyReconciler = ({ informers }: ReconcilerDeps): Reconciler =>
  forPolicies('cluster-access-policy', informers.of(ClusterAccessPolicy), informers.of(AccessRole));

function forPolicies<P extends Policy>(
  name: string,
  policies: Informer<P>,
  roles: Informer<AccessRole>,
): Reconciler {
  return createStatusReconciler<NonNullable<P['status']>, P>({
    name,
    objects: policies,
    triggers: [
      onExistence(roles, (role) =>
        policies
          .list()
          .filter(({ spec }) => spec.roleRef?.name === role.metadata.name)
          .map(refOf),
      ),
    ],
    conclude: ({ spec }, nowMs) => {
      const role = spec.roleRef?.name;
      const hasRole = role === undefined || roles.get({ name: role }) !== undefined;
      const leftMs = spec.expiresAt === undefined ? undefined : Date.parse(spec.expiresAt) - nowMs;
      return {
        conditions: { Valid: validity(role ?? '', hasRole, leftMs) },
        ...(leftMs !== undefined && leftMs > 0 ? { looksAgainInMs: leftMs } : {}),
      };
    },
  });
}

function validity(role: string, hasRole: boolean, leftMs: number | undefined): Finding {
  if (!hasRole) return no('RoleNotFound', `access role "${role}" does not exist, so it has no effect`);
  if (leftMs !== undefined && leftMs <= 0) return no(POLICY_OVER, 'spec.expiresAt has passed');
  return yes('InForce');
}
