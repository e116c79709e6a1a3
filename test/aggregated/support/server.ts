/** The contract's server in aggregated mode: everything goes through kube-apiserver and its aggregator. */
import { SYSTEM_NAMESPACE } from '../../../apiserver/api/identity.ts';
import { createApi, type Api, type CallOptions } from '../../contract/support/api.ts';
import { CHECKS, createTenant, type Server, type User } from '../../contract/support/server.ts';
import { ROOT } from '../../support/polder.ts';
import { startPlatform, type Platform, type PlatformOptions } from './platform.ts';

export interface AggregatedServer extends Server {
  readonly platform: Platform;
}

export async function startAggregated(options: PlatformOptions = {}): Promise<AggregatedServer> {
  const platform = await startPlatform(options);
  try {
    return await serverOf(platform);
  } catch (error) {
    await platform.close();
    throw error;
  }
}

async function serverOf(platform: Platform): Promise<AggregatedServer> {
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
  const own = await ownAddress(platform);
  const asCaller = (headers: CallOptions['headers']): Api => {
    const api = createApi(own.url, { ...own, ...(headers === undefined ? {} : pki.frontProxy) }, headers);
    apis.push(api);
    return api;
  };
  let running = platform.apiServer;
  const { api: root, kubeconfig: rootConfig } = await user('root', 'system:masters', CHECKS);
  const server: AggregatedServer = {
    platform,
    url,
    ca,
    dir,
    root,
    rootConfig,
    nobody: open({}),
    user,
    direct: (name, ...groups) =>
      Promise.resolve(asCaller({ 'X-Remote-User': name, 'X-Remote-Group': groups })),
    directNobody: asCaller(undefined),
    controller: () => user(`system:serviceaccount:${SYSTEM_NAMESPACE}:polder-controllers`),
    kubectl: (args, how = {}) => cluster.kubectl(args, { as: rootConfig, ...how }),
    ok: (args, how = {}) => cluster.ok(args, { as: rootConfig, ...how }),
    tenant: (name) => createTenant(root, name),
    namespace: async (name) => {
      await root.create('/api/v1/namespaces', { metadata: { name } });
    },
    room: (name) => createTenant(root, name),
    get pid() {
      return running.pid() ?? 0;
    },
    restart: async ({ signal, flags = [] } = {}) => {
      await running.stop(signal);
      if (flags.length > 0) running = await platform.from(ROOT, flags);
      await running.start();
      await platform.available();
      return server;
    },
    remove: async () => {
      for (const api of apis) api.agent.destroy();
      await platform.close();
    },
  };
  return server;
}

/** Where our own API server is, and the CA that the APIService knows. */
async function ownAddress({
  cluster,
  ports,
}: Platform): Promise<{ url: string; ca: string; servername: string }> {
  const bundle = await cluster.ok([
    'get',
    'apiservice',
    'v1alpha1.data.polder.dev',
    '-o',
    'jsonpath={.spec.caBundle}',
  ]);
  return {
    url: `https://127.0.0.1:${ports.apiserver}`,
    ca: Buffer.from(bundle, 'base64').toString(),
    servername: 'polder.polder-system.svc',
  };
}
