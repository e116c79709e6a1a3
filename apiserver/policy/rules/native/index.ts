/** Admission rules about Kubernetes' own kinds in the namespaces of tenants. One line per rule. */
import type { Rule } from '../rule.ts';
import { clusterWrites } from './cluster-writes.ts';
import { ingresses } from './ingresses.ts';
import { managedObjects } from './managed-objects.ts';
import { networkPolicies } from './network-policies.ts';
import { podCredentials } from './pod-credentials.ts';
import { podIdentity } from './pod-identity.ts';
import { podPlacement } from './pod-placement.ts';
import { podSecurity } from './pod-security.ts';
import { roleBindings } from './role-bindings.ts';
import { roles } from './roles.ts';
import { secrets } from './secrets.ts';
import { serviceAccounts, serviceAccountTokens } from './service-accounts.ts';
import { services } from './services.ts';
import { templateMetadata } from './template-metadata.ts';
import { volumeClaims } from './volume-claims.ts';
import { workloadSelectors } from './workload-selectors.ts';

export const NATIVE_RULES: readonly Rule[] = [
  templateMetadata,
  workloadSelectors,
  managedObjects,
  clusterWrites,
  podSecurity,
  podIdentity,
  podPlacement,
  podCredentials,
  volumeClaims,
  secrets,
  serviceAccounts,
  serviceAccountTokens,
  roleBindings,
  roles,
  services,
  ingresses,
  networkPolicies,
];
