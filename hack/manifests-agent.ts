/** What an agent may do on its plane, from the closed list of kinds that can be replayed. */
import type { JsonObject } from '../apiserver/api/json.ts';
import { apiVersionOf, type Kind } from '../apiserver/api/kind.ts';
import { AGENT_USER, TENANT_UID_LABEL } from '../apiserver/api/identity.ts';
import { targetNamespace } from '../apiserver/kinds/slug.ts';
import { TENANT_EDITOR_ROLE } from '../apiserver/tenant-editor-role.ts';
import { CLUSTER_LABEL, TENANT_CLUSTER_ROLE } from '../controllers/reconcilers/render/namespace.ts';

import { replayableKinds } from '../controllers/replica/kind-order.ts';

const AGENT = 'polder-agent';
const LIMITS = 'polder-agent-limits';
const labels = { 'app.kubernetes.io/part-of': 'polder' };

/**
 * Not for the agent, though a bundle could carry them: Secrets of the whole plane would lie open to it, and a Role can
 * say anything. Bundles with one of them are reported as refused by the plane.
 */
const WITHHELD = ['Secret', 'Role'];

export function agentManifests(): readonly JsonObject[] {
  const kinds = [...replayableKinds().values()].filter(({ kind }) => !WITHHELD.includes(kind));
  return [
    structuredClone(TENANT_EDITOR_ROLE),
    agentRole(kinds),
    floor(kinds),
    binding(AGENT),
    limits(kinds),
    binding(LIMITS),
  ];
}

const gvk = (kind: Kind): string => `${apiVersionOf(kind)}/${kind.kind}`;

function agentRole(kinds: readonly Kind[]): JsonObject {
  const verbs = ['get', 'list', 'watch', 'create', 'patch', 'delete'];
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: AGENT, labels },
    rules: [
      ...perGroup(kinds).map(([group, resources]) => ({ apiGroups: [group], resources, verbs })),
      // The one role that tenants get, and no other.
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles'],
        resourceNames: [TENANT_CLUSTER_ROLE],
        verbs: ['bind'],
      },
    ],
  };
}

/** RBAC grants kinds; this grants namespaces: those that Polder made for a tenant, before and after the change. */
function floor(kinds: readonly Kind[]): JsonObject {
  const ours = (of: string): string =>
    `['${TENANT_UID_LABEL}', '${CLUSTER_LABEL}'].all(key, key in ${of}.metadata.?labels.orValue({}))`;
  const prefix = targetNamespace('');
  return policy(AGENT, kinds, {
    variables: [{ name: 'states', expression: '[object, oldObject].filter(state, state != null)' }],
    validations: [
      {
        expression: `request.resource.resource != 'namespaces' || variables.states.all(state, state.metadata.name.startsWith('${prefix}') && ${ours('state')})`,
        message: `the agent of Polder writes namespaces named ${prefix}<slug> with the labels of a tenant only`,
        reason: 'Forbidden',
      },
      {
        expression: `request.resource.resource == 'namespaces' || (namespaceObject.metadata.name.startsWith('${prefix}') && ${ours('namespaceObject')})`,
        message: 'the agent of Polder writes in namespaces of tenants only',
        reason: 'Forbidden',
      },
    ],
  });
}

/**
 * Of whoever owns the plane, who changes its variables: which kinds may be replayed, and whether anything may be changed
 * at all. The agent has no right to it.
 */
function limits(kinds: readonly Kind[]): JsonObject {
  const group = `(request.kind.group == '' ? '' : request.kind.group + '/')`;
  const list = kinds.map((kind) => `'${gvk(kind)}'`).sort();
  return policy(LIMITS, kinds, {
    variables: [
      { name: 'paused', expression: 'false' },
      { name: 'kinds', expression: `[${list.join(', ')}]` },
    ],
    validations: [
      {
        expression: '!variables.paused',
        message: `the owner of this plane has paused the agent of Polder: ValidatingAdmissionPolicy ${LIMITS}`,
        reason: 'Forbidden',
      },
      {
        expression: `${group} + request.kind.version + '/' + request.kind.kind in variables.kinds`,
        message: `the owner of this plane lets the agent of Polder write other kinds only: ValidatingAdmissionPolicy ${LIMITS}`,
        reason: 'Forbidden',
      },
    ],
  });
}

const policy = (name: string, kinds: readonly Kind[], rules: JsonObject): JsonObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name, labels },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: perGroup(kinds).map(([group, resources]) => ({
        apiGroups: [group],
        apiVersions: ['*'],
        operations: ['CREATE', 'UPDATE', 'DELETE'],
        resources,
        scope: '*',
      })),
    },
    matchConditions: [{ name: 'by-the-agent', expression: `request.userInfo.username == '${AGENT_USER}'` }],
    ...rules,
  },
});

const binding = (name: string): JsonObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name, labels },
  spec: { policyName: name, validationActions: ['Deny'] },
});

function perGroup(kinds: readonly Kind[]): readonly (readonly [string, string[]])[] {
  const groups = [...new Set(kinds.map(({ group }) => group))].sort();
  return groups.map((group) => [
    group,
    kinds
      .filter((kind) => kind.group === group)
      .map(({ plural }) => plural)
      .sort(),
  ]);
}
