/**
 * A control plane with all programs of Polder in it, two tenants, and the controllers of Kubernetes that make pods.
 * RBAC lets the people of the tests do everything, so that every refusal is Polder's.
 */
import { at, type JsonObject } from '../../../apiserver/api/json.ts';
import type { Cluster } from '../../support/cluster.ts';
import type { Part } from '../../support/cluster-part.ts';
import { until } from '../../support/until.ts';
import { apply } from './install.ts';
import { startPlatform, type Platform, type PlatformOptions } from './platform.ts';

export interface WebhookHost {
  readonly cluster: Cluster;
  readonly platform: Platform;
  /** Running. */
  readonly webhooks: Part;
  /** Kubeconfigs: `ann` administers tenant acme, `dev` develops in it, `gil` administers globex. */
  readonly ann: string;
  readonly dev: string;
  readonly gil: string;
  /** What `kubectl get` shows the administrator. */
  get(...args: readonly string[]): Promise<JsonObject>;
  uidOf(tenant: string): Promise<string>;
  /** Whose administrators are the group `<name>-admins`; resolves when it is Active. */
  addTenant(name: string): Promise<void>;
  /** Applies as somebody, who must be allowed to. */
  apply(as: string, object: JsonObject): Promise<void>;
  /** Standard error of an apply that must be refused. */
  refusal(as: string, object: JsonObject): Promise<string>;
  close(): Promise<void>;
}

const POD_MAKERS = ['deployment', 'replicaset', 'statefulset', 'daemonset', 'job', 'cronjob'];
const CLEANERS = ['namespace', 'serviceaccount', 'resourcequota', 'garbage-collector'];
const OTHERS = ['root-ca-certificate-publisher', 'clusterrole-aggregation'];
const PLATFORM = 'platform.polder.dev/v1alpha1';
const DATA = 'data.polder.dev/v1alpha1';
/** With it the programs of Polder write what nobody else could: `--as=` their accounts. */
const PROGRAMS = 'system:serviceaccounts:polder-system';
const PEOPLE = [PROGRAMS, 'acme-admins', 'acme-developers', 'globex-admins'];

/** `options`: more of the platform than it needs anyway. */
export async function startWebhookHost(
  options: Pick<PlatformOptions, 'replicas'> = {},
): Promise<WebhookHost> {
  const controllers = [...POD_MAKERS, ...CLEANERS, ...OTHERS].map((name) => `${name}-controller`).join(',');
  const platform = await startPlatform({
    ...options,
    controllerManagerArgs: [`--controllers=${controllers}`],
    // As kubeadm has it; without, nothing asks admission about privileged containers.
    apiServerArgs: ['--allow-privileged=true'],
  });
  const { cluster, webhooks } = platform;
  try {
    await apply(cluster, [everythingByRbac()]);
    const get = async (...args: readonly string[]): Promise<JsonObject> =>
      JSON.parse(await cluster.ok(['get', ...args, '-o', 'json'])) as JsonObject;
    for (const name of ['acme', 'globex']) await addTenant(cluster, name);
    const host: WebhookHost = {
      cluster,
      platform,
      webhooks,
      ann: await cluster.user('ann', 'acme-admins'),
      dev: await cluster.user('dev', 'acme-developers'),
      gil: await cluster.user('gil', 'globex-admins'),
      get,
      uidOf: async (tenant) => String(at(await get('tenant', tenant), 'metadata.uid')),
      addTenant: (name) => addTenant(cluster, name),
      apply: async (as, object) =>
        void (await cluster.ok(['apply', '-f', '-'], { as, input: JSON.stringify(object) })),
      refusal: async (as, object) => {
        const input = JSON.stringify(object);
        const { code, stderr, stdout } = await cluster.kubectl(['apply', '-f', '-'], { as, input });
        if (code === 0) throw new Error(`nothing was refused: ${stdout}`);
        return stderr;
      },
      close: () => platform.close(),
    };
    await grantWorkloads(host);
    return host;
  } catch (error) {
    await platform.close();
    throw error;
  }
}

const everythingByRbac = (): JsonObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'everybody' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: PEOPLE.map((name) => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name })),
});

async function addTenant(cluster: Cluster, name: string): Promise<void> {
  const admins = [{ kind: 'Group', name: `${name}-admins` }];
  await apply(cluster, [{ apiVersion: PLATFORM, kind: 'Tenant', metadata: { name }, spec: { admins } }]);
  await cluster.ok(['wait', '--for=jsonpath={.status.phase}=Active', 'tenant', name, '--timeout=30s']);
}

const WRITES = ['create', 'update', 'patch', 'delete'];
const CORE =
  'pods secrets serviceaccounts services persistentvolumeclaims resourcequotas limitranges configmaps ' +
  'replicationcontrollers';
const GROUPED =
  'deployments.apps replicasets.apps statefulsets.apps daemonsets.apps jobs.batch cronjobs.batch ingresses.networking.k8s.io ' +
  'networkpolicies.networking.k8s.io roles.rbac.authorization.k8s.io rolebindings.rbac.authorization.k8s.io';
const WORKLOADS: readonly string[] = [
  ...CORE.split(' ').map((plural) => `${plural}.core`),
  ...GROUPED.split(' '),
].flatMap((resource) => WRITES.map((verb) => `${resource}:${verb}`));

/** Operators decide what administrators of tenants hold; these hand it on to their developers. */
async function grantWorkloads({ cluster, ann, dev }: WebhookHost): Promise<void> {
  const role = JSON.parse(await cluster.ok(['get', 'accessrole', 'tenant-admin', '-o', 'json'])) as {
    readonly spec: { readonly actions: readonly string[] };
  };
  const patch = { spec: { actions: [...role.spec.actions, ...WORKLOADS] } };
  await cluster.ok(['patch', 'accessrole', 'tenant-admin', '--type=merge', '-p', JSON.stringify(patch)]);
  const policy = {
    apiVersion: DATA,
    kind: 'AccessPolicy',
    metadata: { namespace: 'tn-acme', name: 'developers' },
    spec: {
      effect: 'Allow',
      subjects: [{ kind: 'Group', name: 'acme-developers' }],
      actions: [...WORKLOADS, 'depots:use', 'credentials:use'],
    },
  };
  await until('ann may hand on what she holds', async () => {
    const made = await cluster.kubectl(['apply', '-f', '-'], { as: ann, input: JSON.stringify(policy) });
    return made.code === 0;
  });
  await until('the webhooks know the policy', async () => {
    const secret = ['create', 'secret', 'generic', 'probe', '-n', 'tn-acme', '--dry-run=server'];
    return (await cluster.kubectl(secret, { as: dev })).code === 0;
  });
}
