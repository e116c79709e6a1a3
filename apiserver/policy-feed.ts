/** Feeds the access engine every stored change of the objects policy is made of, in commit order. */
import type { Kind } from './api/kind.ts';
import type { PolicyFeed } from './policy/policy.ts';
import type { Registry } from './registry/registry.ts';

/** What decides access: roles, policies, and which namespace belongs to which tenant. */
const POLICY_KINDS = ['Tenant', 'AccessRole', 'AccessPolicy', 'ClusterAccessPolicy'];

/** Those of the served kinds that access is decided by. */
export const policyKinds = (served: readonly Kind[]): readonly Kind[] =>
  served.filter(
    ({ origin, group, kind }) =>
      (origin === 'own' && POLICY_KINDS.includes(kind)) || (group === '' && kind === 'Namespace'),
  );

/** The registry must be started. What is stored takes effect before this returns; the result ends the feed. */
export function feedPolicies(registry: Registry, feed: PolicyFeed, kinds: readonly Kind[]): () => void {
  const ends = kinds.map((kind) => {
    for (const object of registry.peekAll(kind))
      feed.apply(kind, object.namespace, object.name, object.read());
    return registry.observe(kind, ({ namespace, name }, object) =>
      feed.apply(kind, namespace, name, object?.read()),
    );
  });
  return () => {
    for (const end of ends) end();
  };
}
