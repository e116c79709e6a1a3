/**
 * Installs Polder, its samples and the agent of a data plane into a cluster, and waits until each of them works. The
 * same steps run against a kind cluster and, in every test run, against a control plane alone. They can be repeated.
 */
import { AGENT_NAMESPACE, SYSTEM_NAMESPACE } from '../../apiserver/api/identity.ts';
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

/** `overlay`: relative to the root of the tree. */
export async function installPolder(target: Target, overlay = OVERLAY): Promise<void> {
  target.say('installing Polder');
  await target.apply(overlay);
  await target.running(SYSTEM_NAMESPACE, ['polder-apiserver', 'polder-webhooks', 'polder-controllers']);
  const ours = ['apiservice', '-l', 'app.kubernetes.io/part-of=polder'];
  await target.kubectl(['wait', '--for=condition=Available', TIMEOUT, ...ours]);
  target.say('applying the samples');
  await target.kubectl(['apply', '-f', QUICKSTART]);
  target.say(`installing the agent of the data plane ${PLANE}`);
  await installAgent(target);
}

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
