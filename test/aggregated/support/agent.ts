/** The agent of a data plane as a process, with the rights that the manifests give its pod in the plane's cluster. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../../support/cluster.ts';
import type { Part } from '../../support/cluster-part.ts';
import { freePorts } from '../../support/free-port.ts';
import { ROOT } from '../../support/polder.ts';
import type { Platform } from './platform.ts';

const ACCOUNT = 'system:serviceaccount:polder-agent:polder-agent';

/** Registers `plane` with a fresh token and starts its agent against `target`. Resolves when the agent is up. */
export async function startAgent(platform: Platform, plane: string, target: Cluster): Promise<Part> {
  const { cluster, ports } = platform;
  await target.ok(['apply', '-k', join(ROOT, 'manifests/agent')]);
  const file = (name: string): string => join(target.dir, `${plane}-${name}`);
  const path = '-o=jsonpath={.data.ca\\.crt}';
  writeFileSync(file('ca'), await cluster.ok(['get', 'configmap', '-n', 'polder-system', 'polder-ca', path]));
  const token = {
    apiVersion: 'platform.polder.dev/v1alpha1',
    kind: 'RegistrationToken',
    metadata: { name: `${plane}-agent` },
    spec: { dataPlaneRef: plane },
  };
  const minted = ['create', '-f', '-', '-o', 'jsonpath={.status.token}'];
  writeFileSync(file('token'), await cluster.ok(minted, { input: JSON.stringify(token) }), { mode: 0o600 });
  const { kubeconfig } = await target.pki.client(ACCOUNT, [
    'system:serviceaccounts',
    'system:serviceaccounts:polder-agent',
  ]);
  const [port] = await freePorts(1);
  const agent = target.add(`polder-agent-${plane}`, {
    program: process.execPath,
    args: [
      join(ROOT, 'apiserver/polder.js'),
      'agent',
      `--hub=https://localhost:${ports.hub}`,
      `--hub-ca-file=${file('ca')}`,
      `--token-file=${file('token')}`,
      `--kubeconfig=${kubeconfig}`,
      `--data-dir=${file('data')}`,
      '--bind-address=127.0.0.1',
      `--metrics-port=${port}`,
    ],
    ready: { url: `http://127.0.0.1:${port}/readyz` },
  });
  await agent.start();
  return agent;
}
