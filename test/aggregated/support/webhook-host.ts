/**
 * A control plane with `polder apiserver` and `polder webhooks` in it, two tenants, and the controllers of Kubernetes
 * that make pods. What the controllers of Polder would make of the tenants is made by hand, as these controllers.
 */
import { join } from 'node:path';
import { SYSTEM_NAMESPACE } from '../../../apiserver/api/identity.ts';
import type { JsonObject } from '../../../apiserver/api/json.ts';
import { startCluster, type Cluster } from '../../support/cluster.ts';
import type { Part } from '../../support/cluster-part.ts';
import { freePorts } from '../../support/free-port.ts';
import { ROOT } from '../../support/polder.ts';
import { until } from '../../support/until.ts';
import { apply, installation } from './install.ts';

export interface WebhookHost {
  readonly cluster: Cluster;
  /** Running. */
  readonly webhooks: Part;
  /** Kubeconfigs. RBAC lets all of them do everything; `ann` and `dev` are of tenant acme, `gil` is of globex. */
  readonly ann: string;
  readonly dev: string;
  readonly gil: string;
  /** A component of Polder. */
  readonly component: string;
  /** Applies as somebody; returns what the API server answers, which is an object or a refusal. */
  apply(as: string, ...objects: readonly JsonObject[]): Promise<JsonObject>;
  /** Standard error of an apply that must be refused. */
  refusal(as: string, object: JsonObject): Promise<string>;
  close(): Promise<void>;
}

const POD_MAKERS = ['deployment', 'replicaset', 'statefulset', 'daemonset', 'job', 'cronjob'];
const PLATFORM = 'platform.polder.dev/v1alpha1';
const DATA = 'data.polder.dev/v1alpha1';

export async function startWebhookHost(): Promise<WebhookHost> {
  const cluster = await startCluster({
    audit: 'Metadata',
    controllerManagerArgs: [
      `--controllers=${[...POD_MAKERS, 'namespace', 'serviceaccount', 'resourcequota'].map((name) => `${name}-controller`).join(',')},garbage-collector-controller,root-ca-certificate-publisher-controller,clusterrole-aggregation-controller`,
    ],
  });
  try {
    return await assemble(cluster);
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

async function assemble(cluster: Cluster): Promise<WebhookHost> {
  const [apiserver, webhookPort, hub] = await freePorts(3);
  const { before, after } = await installation({ apiserver, webhooks: webhookPort, hub });
  await apply(cluster, before);
  const dataDir = join(cluster.dir, 'polder');
  const api = await program(cluster, 'apiserver', apiserver, ['--data-dir', dataDir]);
  await api.start();
  await apply(cluster, after);
  const label = 'app.kubernetes.io/part-of=polder';
  await cluster.ok(['wait', '--for=condition=Available', 'apiservice', '-l', label, '--timeout=60s']);
  const webhooks = await program(cluster, 'webhooks', webhookPort, []);
  await webhooks.start();
  const component = await cluster.user(`system:serviceaccount:${SYSTEM_NAMESPACE}:polder-controllers`);
  const everybody = ['acme-admins', 'acme-developers', 'globex-admins'];
  const subjects = everybody.map((name) => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name }));
  await apply(cluster, [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'everybody' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects,
    },
  ]);
  for (const tenant of ['acme', 'globex']) await addTenant(cluster, component, tenant);
  const host: WebhookHost = {
    cluster,
    webhooks,
    component,
    ann: await cluster.user('ann', 'acme-admins'),
    dev: await cluster.user('dev', 'acme-developers'),
    gil: await cluster.user('gil', 'globex-admins'),
    apply: async (as, ...objects) => {
      const list = { apiVersion: 'v1', kind: 'List', items: [...objects] };
      const text = await cluster.ok(['apply', '-f', '-', '-o', 'json'], { as, input: JSON.stringify(list) });
      return JSON.parse(text) as JsonObject;
    },
    refusal: async (as, object) => {
      const { code, stderr, stdout } = await cluster.kubectl(['apply', '-f', '-'], {
        as,
        input: JSON.stringify(object),
      });
      if (code === 0) throw new Error(`nothing was refused: ${stdout}`);
      return stderr;
    },
    close: () => cluster.close(),
  };
  await grantWorkloads(host);
  return host;
}

/** As the service account that its pod has. */
async function program(cluster: Cluster, name: string, port: number, args: readonly string[]): Promise<Part> {
  const account = `system:serviceaccount:${SYSTEM_NAMESPACE}:polder-${name}`;
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${SYSTEM_NAMESPACE}`];
  const { kubeconfig } = await cluster.pki.client(account, groups);
  const flags = [`--kubeconfig=${kubeconfig}`, '--bind-address=127.0.0.1', `--port=${port}`];
  return cluster.add(`polder-${name}`, {
    program: process.execPath,
    args: [join(ROOT, 'apiserver/polder.js'), name, ...flags, ...args],
    ready: { url: `https://127.0.0.1:${port}/readyz`, insecure: true },
  });
}

async function addTenant(cluster: Cluster, component: string, name: string): Promise<void> {
  const tenant = { apiVersion: PLATFORM, kind: 'Tenant', metadata: { name }, spec: {} };
  await cluster.ok(['apply', '-f', '-'], { input: JSON.stringify(tenant) });
  const uid = await cluster.ok(['get', 'tenant', name, '-o', 'jsonpath={.metadata.uid}']);
  const labels = { 'polder.dev/tenant': name, 'polder.dev/tenant-uid': uid };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `tn-${name}`, labels } };
  await cluster.ok(['create', '-f', '-'], { as: component, input: JSON.stringify(namespace) });
  const status = ['--subresource=status', '--type=merge', '-p', '{"status":{"phase":"Active"}}'];
  await cluster.ok(['patch', 'tenant', name, ...status], { as: component });
  const policy = {
    apiVersion: DATA,
    kind: 'AccessPolicy',
    metadata: { namespace: `tn-${name}`, name: 'polder-tenant-admins' },
    spec: {
      effect: 'Allow',
      subjects: [{ kind: 'Group', name: `${name}-admins` }],
      roleRef: { name: 'tenant-admin' },
    },
  };
  await until(`tenant ${name} is known`, async () => {
    const made = await cluster.kubectl(['apply', '-f', '-'], {
      as: component,
      input: JSON.stringify(policy),
    });
    return made.code === 0;
  });
}

const WRITES = ['create', 'update', 'patch', 'delete'];
const CORE =
  'pods secrets serviceaccounts services persistentvolumeclaims resourcequotas limitranges configmaps';
const OTHERS =
  'deployments.apps statefulsets.apps daemonsets.apps jobs.batch cronjobs.batch ingresses.networking.k8s.io ' +
  'networkpolicies.networking.k8s.io roles.rbac.authorization.k8s.io rolebindings.rbac.authorization.k8s.io';
const WORKLOADS: readonly string[] = [
  ...CORE.split(' ').map((plural) => `${plural}.core`),
  ...OTHERS.split(' '),
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
    const probe = ['create', 'configmap', 'probe', '-n', 'tn-acme', '--dry-run=server'];
    const secret = ['create', 'secret', 'generic', 'probe', '-n', 'tn-acme', '--dry-run=server'];
    await cluster.kubectl(probe, { as: dev });
    return (await cluster.kubectl(secret, { as: dev })).code === 0;
  });
}
