/** A real kube-apiserver that serves the twins of the script's kinds from CustomResourceDefinitions. */
import { customResourceDefinition } from '../../../hack/twin/crd.ts';
import { SUBJECTS } from '../../../hack/twin/objects.ts';
import { NAMESPACE, TWIN_GROUP } from '../../../hack/twin/step.ts';
import type { Cluster } from '../../support/cluster.ts';
import { createSender } from './https.ts';
import { mustCreate, type RunningTarget } from './ours.ts';

/** Closing leaves the cluster running. */
export async function twinOn(cluster: Cluster): Promise<RunningTarget> {
  const sender = createSender(cluster.url, {
    ca: cluster.ca,
    authorization: () => `Bearer ${cluster.adminToken}`,
  });
  const path = `/api/v1/namespaces/${NAMESPACE}`;
  const { status } = await sender.send({ method: 'GET', path, headers: {}, body: undefined });
  // It is there when ours are served by the same cluster.
  if (status === 404) await mustCreate(sender, '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  for (const { kind } of SUBJECTS) {
    const definition = customResourceDefinition(kind, TWIN_GROUP);
    await mustCreate(sender, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
  }
  const names = SUBJECTS.map(({ kind }) => `crd/${kind.plural}.${TWIN_GROUP}`);
  await cluster.ok(['wait', '--for=condition=Established', ...names]);
  return {
    groupOf: (kind) => (kind.origin === 'native' ? kind.group : TWIN_GROUP),
    send: (request) => sender.send(request),
    close: () => {
      sender.close();
      return Promise.resolve();
    },
  };
}
