/**
 * The Validating- and MutatingWebhookConfiguration under which a kube-apiserver asks us, made from the table of
 * kinds. They select namespaces of tenants only: whatever happens to Polder, the cluster's own namespaces go on.
 */
import {
  AGENT_USER,
  PROTECTED_NAMESPACES,
  SYSTEM_NAMESPACE,
  TENANT_LABEL,
  TENANT_UID_LABEL,
} from '../apiserver/api/identity.ts';
import type { JsonObject } from '../apiserver/api/json.ts';
import { CLUSTER_ACCOUNTS, CLUSTER_PROGRAMS } from '../apiserver/policy/cluster-users.ts';
import { HOOKS, namespacesEntry, type Hook } from './hooks.ts';
import { WATCHED_KINDS, type WatchedKind } from './native-kinds.ts';

export const CONFIGURATION_NAME = 'polder-webhooks';

/** Where kube-apiserver asks. `polder apiserver` adds the path and, without a certificate manager, the CA. */
const CLIENT_CONFIG: JsonObject = {
  service: { namespace: SYSTEM_NAMESPACE, name: 'polder-webhooks', port: 443 },
};

/** Both documents as plain objects, ready to be written as YAML or sent to an API server. */
export const webhookConfigurations = (): readonly JsonObject[] => [
  document('MutatingWebhookConfiguration', HOOKS.filter(isMutating).flatMap(entries)),
  document('ValidatingWebhookConfiguration', HOOKS.filter((hook) => !isMutating(hook)).flatMap(entries)),
];

const isMutating = ({ task }: Hook): boolean => task === 'mutate';

const document = (kind: string, webhooks: readonly JsonObject[]): JsonObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind,
  metadata: { name: CONFIGURATION_NAME, labels: { 'app.kubernetes.io/part-of': 'polder' } },
  webhooks,
});

/** One entry for objects in namespaces of tenants, one for the Namespaces themselves where the hook looks at them. */
function entries(hook: Hook): readonly JsonObject[] {
  const inside = WATCHED_KINDS.filter(({ kind }) => kind.scope === 'Namespaced');
  const namespaces = WATCHED_KINDS.filter(({ kind }) => kind.scope === 'Cluster');
  const objects = entry(hook, {
    name: hook.name,
    rules: rulesOf(hook, inside),
    namespaceSelector: selector([{ key: TENANT_LABEL, operator: 'Exists' }]),
    matchConditions: NOT_OURS,
  });
  if (hook.task !== 'isolate') return [objects];
  // A Namespace is selected by the labels it is going to have, so taking the label off must not hide it.
  const own = entry(hook, {
    name: namespacesEntry(hook),
    rules: rulesOf(hook, namespaces),
    namespaceSelector: selector([]),
    matchConditions: [...NOT_OURS, ABOUT_TENANTS],
  });
  return [objects, own];
}

interface Entry {
  readonly name: string;
  readonly rules: readonly JsonObject[];
  readonly namespaceSelector: JsonObject;
  readonly matchConditions: readonly JsonObject[];
}

function entry(hook: Hook, parts: Entry): JsonObject {
  const { name, ...selection } = parts;
  return {
    name,
    clientConfig: CLIENT_CONFIG,
    ...selection,
    failurePolicy: hook.failurePolicy,
    matchPolicy: 'Equivalent',
    ...(isMutating(hook) ? { reinvocationPolicy: 'IfNeeded' } : {}),
    sideEffects: 'None',
    timeoutSeconds: hook.timeoutSeconds,
    admissionReviewVersions: ['v1'],
  };
}

const selector = (more: readonly JsonObject[]): JsonObject => ({
  matchExpressions: [
    ...more,
    // Set by the API server on every namespace, and by nobody else.
    { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [...PROTECTED_NAMESPACES] },
  ],
});

const user = 'request.userInfo.username';
/** Our own accounts and kubelets are not asked about; nor is the cluster about what it deletes for others. */
const NOT_OURS: readonly JsonObject[] = [
  { name: 'not-polder', expression: `!${user}.startsWith("system:serviceaccount:${SYSTEM_NAMESPACE}:")` },
  // What it writes was decided by the control plane, and a ValidatingAdmissionPolicy holds it to tenants' namespaces.
  { name: 'not-the-agent', expression: `${user} != "${AGENT_USER}"` },
  { name: 'not-nodes', expression: '!("system:nodes" in request.userInfo.groups)' },
  {
    name: 'not-garbage-collection',
    expression:
      `!(${user} in ["system:serviceaccount:kube-system:generic-garbage-collector", ` +
      '"system:serviceaccount:kube-system:namespace-controller"])',
  },
  // Counting, binding and reporting: often, passed by every rule, and not to be stopped by an outage of ours.
  {
    name: 'not-reports-of-the-cluster',
    expression:
      `!(has(request.subResource) && request.subResource != "" && (${user}.startsWith("${CLUSTER_ACCOUNTS}") || ` +
      `${user} in [${CLUSTER_PROGRAMS.map((name) => `"${name}"`).join(', ')}]))`,
  },
];

const labelled = (object: string): string =>
  `(${object} != null && has(${object}.metadata.labels) && ` +
  `("${TENANT_LABEL}" in ${object}.metadata.labels || "${TENANT_UID_LABEL}" in ${object}.metadata.labels))`;

/** Namespaces that belong to a tenant, did so, or are named as if they did: the others go on without us. */
const ABOUT_TENANTS: JsonObject = {
  name: 'about-tenants',
  expression: `request.name.startsWith("tn-") || request.name.startsWith("tenant-") || ${labelled('object')} || ${labelled('oldObject')}`,
};

/** One rule per API group and set of operations. */
function rulesOf(hook: Hook, kinds: readonly WatchedKind[]): readonly JsonObject[] {
  if (hook.task === 'connect')
    return grouped(kinds, ['CONNECT'], ({ kind, connects }) => connects.map(below(kind)));
  const changes = grouped(kinds, operationsOf(hook), ({ kind }) => [kind.plural]);
  if (hook.task === 'mutate') return changes;
  return [
    ...changes,
    ...grouped(kinds, ['CREATE', 'UPDATE'], ({ kind, subresources }) => subresources.map(below(kind))),
  ];
}

const below =
  ({ plural }: WatchedKind['kind']) =>
  (subresource: string): string =>
    `${plural}/${subresource}`;

const operationsOf = ({ task }: Hook): readonly string[] =>
  task === 'mutate' ? ['CREATE', 'UPDATE'] : ['CREATE', 'UPDATE', 'DELETE'];

function grouped(
  kinds: readonly WatchedKind[],
  operations: readonly string[],
  resourcesOf: (kind: WatchedKind) => readonly string[],
): readonly JsonObject[] {
  const groups = new Map<
    string,
    { readonly version: string; readonly scope: string; readonly resources: string[] }
  >();
  for (const each of kinds) {
    const { group, version, scope } = each.kind;
    const known = groups.get(`${group}/${version}`) ?? { version, scope, resources: [] };
    known.resources.push(...resourcesOf(each));
    groups.set(`${group}/${version}`, known);
  }
  return [...groups]
    .filter(([, { resources }]) => resources.length > 0)
    .map(([key, { version, scope, resources }]) => ({
      apiGroups: [key.slice(0, -version.length - 1)],
      apiVersions: [version],
      operations: [...operations],
      resources,
      scope,
    }));
}
