/**
 * Installs Polder, its samples and the agent of a data plane into a cluster, and waits until each of them works. The
 * same steps run against a kind cluster and, in every test run, against a control plane alone. They can be repeated.
 */
import { AGENT_NAMESPACE, OPERATORS_GROUP, SYSTEM_NAMESPACE } from '../../apiserver/api/identity.ts';
import type { Target } from './target.ts';

/** What is installed; relative to the root of the tree. */
export const OVERLAY = 'hack/kind/overlay';
const AGENT = 'manifests/agent';
const QUICKSTART = 'manifests/samples/quickstart/';
export const PLANE = 'local';
/** Holds what the agent needs to find and to trust the hub; see manifests/agent/agent.yaml. */
const HUB_SECRET = 'polder-hub';
const HUB = `https://polder-hub.${SYSTEM_NAMESPACE}.svc`;
const TIMEOUT = '--timeout=120s';
/**
 * Whoever administers a cluster may act as anybody, but is nobody inside Polder until a policy says so. The samples are
 * written for an operator named admin, whom they make an administrator of both tenants.
 */
export const AS_ADMIN: readonly string[] = [
  '--as=admin',
  `--as-group=${OPERATORS_GROUP}`,
  '--as-group=system:authenticated',
];
/** The group of whom kubeadm, and so kind, makes the administrator of a cluster. */
export const CLUSTER_ADMINS = 'kubeadm:cluster-admins';

/** `overlay`: relative to the root of the tree. */
export async function installPolder(target: Target, overlay = OVERLAY): Promise<void> {
  target.say('installing Polder');
  await target.apply(overlay);
  await target.running(SYSTEM_NAMESPACE, ['polder-apiserver', 'polder-webhooks', 'polder-controllers']);
  const ours = ['apiservice', '-l', 'app.kubernetes.io/part-of=polder'];
  await target.kubectl(['wait', '--for=condition=Available', TIMEOUT, ...ours]);
  target.say(`making ${CLUSTER_ADMINS} operators of Polder`);
  await target.kubectl(['apply', '-f', '-', ...AS_ADMIN], JSON.stringify(operators()));
  target.say('applying the samples');
  await target.kubectl(['apply', '-f', QUICKSTART, ...AS_ADMIN]);
  target.say(`installing the agent of the data plane ${PLANE}`);
  await installAgent(target);
}

const operators = (): object => ({
  apiVersion: 'platform.polder.dev/v1alpha1',
  kind: 'ClusterAccessPolicy',
  metadata: { name: 'cluster-admins' },
  spec: {
    description: 'Whoever administers this cluster operates Polder.',
    effect: 'Allow',
    subjects: [{ kind: 'Group', name: CLUSTER_ADMINS }],
    roleRef: { name: 'operator' },
  },
});

async function installAgent(target: Target): Promise<void> {
  await target.apply(AGENT);
  const phase = await target.kubectl(['get', 'dataplane', PLANE, '-o', 'jsonpath={.status.phase}']);
  if (phase !== 'Registered') await giveToken(target);
  await target.running(AGENT_NAMESPACE, ['polder-agent']);
}

/** A token is good for one registration and 15 minutes; the agent keeps what it got for it. */
async function giveToken(target: Target): Promise<void> {
  const wish = {
    apiVersion: 'platform.polder.dev/v1alpha1',
    kind: 'RegistrationToken',
    metadata: { name: PLANE },
    spec: { dataPlaneRef: PLANE },
  };
  const token = await target.kubectl(
    ['create', '-f', '-', '-o', 'jsonpath={.status.token}'],
    JSON.stringify(wish),
  );
  const authority = await target.kubectl([
    'get',
    'apiservice',
    'v1alpha1.platform.polder.dev',
    '-o',
    'jsonpath={.spec.caBundle}',
  ]);
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: HUB_SECRET, namespace: AGENT_NAMESPACE },
    data: { 'ca.crt': authority },
    stringData: { url: HUB, token },
  };
  await target.kubectl(['apply', '-f', '-'], JSON.stringify(secret));
}
