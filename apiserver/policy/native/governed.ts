/** Kubernetes' own kinds that are admitted by Polder in the namespaces of tenants. */
import { POD_KINDS } from './pods.ts';

/** Namespaced kinds, without subresources, as `resourceOf` spells them. */
export const GOVERNED: ReadonlySet<string> = new Set([
  ...POD_KINDS,
  'core/secrets',
  'core/serviceaccounts',
  'core/persistentvolumeclaims',
  'core/services',
  'core/resourcequotas',
  'core/limitranges',
  'networking.k8s.io/ingresses',
  'networking.k8s.io/networkpolicies',
  'rbac.authorization.k8s.io/roles',
  'rbac.authorization.k8s.io/rolebindings',
]);
