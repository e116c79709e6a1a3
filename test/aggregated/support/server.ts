/** The contract's server in aggregated mode: everything goes through kube-apiserver and its aggregator. */
import { SYSTEM_NAMESPACE } from '../../../apiserver/api/identity.ts';
import { createApi, type Api } from '../../contract/support/api.ts';
import { CHECKS, createTenant, type Server, type User } from '../../contract/support/server.ts';
import { startPlatform, type Platform } from './platform.ts';
import type { ClusterOptions } from '../../support/cluster.ts';

export interface AggregatedServer extends Server {
  readonly platform: Platform;
}

export async function startAggregated(options: ClusterOptions = {}): Promise<AggregatedServer> {
  const platform = await startPlatform(options);
  const { cluster } = platform;
  const { url, ca, dir, pki } = cluster;
  const apis: Api[] = [];
  const open = (credentials: { cert?: string; key?: string }): Api => {
    const api = createApi(url, { ca, ...credentials });
    apis.push(api);
    return api;
  };
  const user = async (name: string, ...groups: readonly string[]): Promise<User> => {
    const { kubeconfig, ...pair } = await pki.client(name, groups);
    return { api: open(pair), kubeconfig };
  };
  const { api: root, kubeconfig: rootConfig } = await user('root', 'system:masters', CHECKS);
  return {
    platform,
    url,
    ca,
    dir,
    root,
    rootConfig,
    nobody: open({}),
    user,
    controller: () => user(`system:serviceaccount:${SYSTEM_NAMESPACE}:polder-controllers`),
    kubectl: (args, how = {}) => cluster.kubectl(args, { as: rootConfig, ...how }),
    ok: (args, how = {}) => cluster.ok(args, { as: rootConfig, ...how }),
    tenant: (name) => createTenant(root, name),
    namespace: async (name) => {
      await root.create('/api/v1/namespaces', { metadata: { name } });
    },
    remove: async () => {
      for (const api of apis) api.agent.destroy();
      await platform.close();
    },
  };
}
