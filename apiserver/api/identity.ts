/** Who is asking and what for: the words shared by authentication, authorisation, admission and audit. */

/** source: authentication.k8s.io/v1 UserInfo. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export const ANONYMOUS: UserInfo = {
  name: 'system:anonymous',
  groups: ['system:unauthenticated'],
  extra: {},
};
export const SYSTEM_NAMESPACE = 'polder-system';
/** Of the agent on its plane: its own, so that control plane and agent can be removed one without the other. */
export const AGENT_NAMESPACE = 'polder-agent';
export const AGENT_USER = `system:serviceaccount:${AGENT_NAMESPACE}:polder-agent`;
/** Namespaces of the cluster and of Polder itself: no tenant's, whatever labels they carry, and never held up by us. */
export const PROTECTED_NAMESPACES: readonly string[] = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  SYSTEM_NAMESPACE,
  AGENT_NAMESPACE,
];
/** Operators run the platform and see nothing inside tenants. */
export const OPERATORS_GROUP = 'polder:operators';
/** Members act inside a tenant only while that Tenant carries the break-glass annotation with a reason. */
export const BREAK_GLASS_GROUP = 'polder:break-glass';
export const BREAK_GLASS_ANNOTATION = 'polder.dev/break-glass-reason';
/** Labels that tie a namespace (control plane or data plane side) to its tenant; only our controllers set them. */
export const TENANT_LABEL = 'polder.dev/tenant';
export const TENANT_UID_LABEL = 'polder.dev/tenant-uid';
/** Control-plane namespace of a tenant. */
export const tenantNamespace = (tenant: string): string => `tn-${tenant}`;

export type Verb =
  'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection' | (string & {});

/** What a list is narrowed to. source: authorization.k8s.io/v1 FieldSelectorAttributes, LabelSelectorAttributes. */
export interface SelectedBy {
  readonly fields: readonly SelectorRequirement[];
  readonly labels: readonly SelectorRequirement[];
}
export interface SelectorRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

/** One access question. source: authorization.k8s.io/v1 ResourceAttributes and NonResourceAttributes. */
export type Attributes =
  | {
      readonly is: 'resource';
      readonly verb: Verb;
      readonly group: string;
      readonly version: string;
      /** Plural, lower case. */
      readonly resource: string;
      /** Empty when the object itself is meant. */
      readonly subresource: string;
      /** Empty for cluster-scoped requests and for requests over all namespaces. */
      readonly namespace: string;
      /** Empty when no single object is named. */
      readonly name: string;
      /** Of a list, watch or deletecollection that is narrowed; only authorities beside our engine look at it. */
      readonly selectors?: SelectedBy;
    }
  | { readonly is: 'path'; readonly verb: Verb; readonly path: string };

export interface Decision {
  readonly allowed: boolean;
  /** Why, and how to get it; follows "User x cannot verb resource y in ...". Never names what the caller may not see. */
  readonly reason: string;
  /** Names of the policies that decided, for audit and reviews; empty for a default deny. */
  readonly policies: readonly string[];
}
