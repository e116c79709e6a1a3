/** One `polder up` for a suite, and users with client certificates of its CA. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SYSTEM_NAMESPACE } from '../../../apiserver/api/identity.ts';
import { mintClient, readCa } from '../../../apiserver/embedded-identity.ts';
import { kubeconfig } from '../../../apiserver/runtime/kubeconfig.ts';
import { startPolder, type Polder } from '../../support/polder.ts';
import { createApi, type Api } from './api.ts';
import { CHECKS, createTenant, type Server } from './server.ts';

/** `polder up`. */
export interface EmbeddedServer extends Server {
  readonly polder: Polder;
}

const HOUR_MS = 3_600_000;

export async function startEmbedded(
  options: Parameters<typeof startPolder>[0] = {},
): Promise<EmbeddedServer> {
  const polder = await startPolder(options);
  const ca = readCa(polder.dir) ?? '';
  const apis: Api[] = [];
  const user: Server['user'] = async (name, ...groups) => {
    // The command line mints no certificates for system: groups; the owner of the CA may.
    const pair = await mintClient(polder.dir, { user: name, groups, validForMs: HOUR_MS, now: Date.now() });
    const file = join(polder.dir, `check-${encodeURIComponent(name)}.kubeconfig`);
    writeFileSync(file, kubeconfig({ cluster: 'polder', user: name, server: polder.url, ca, ...pair }), {
      mode: 0o600,
    });
    const api = createApi(polder.url, { ca, ...pair });
    apis.push(api);
    return { api, kubeconfig: file };
  };
  const { api: root, kubeconfig: rootConfig } = await user('root', 'system:masters', CHECKS);
  const nobody = createApi(polder.url, { ca });
  apis.push(nobody);
  const kubectl: Server['kubectl'] = (args, how = {}) => polder.kubectl(args, { as: rootConfig, ...how });
  return {
    polder,
    url: polder.url,
    ca,
    dir: polder.dir,
    root,
    rootConfig,
    nobody,
    user,
    direct: async (name, ...groups) => (await user(name, ...groups)).api,
    directNobody: nobody,
    controller: () => user(`system:serviceaccount:${SYSTEM_NAMESPACE}:controllers`),
    kubectl,
    ok: (args, how = {}) => polder.ok(args, { as: rootConfig, ...how }),
    tenant: (name) => createTenant(root, name),
    namespace: async (name) => {
      await root.create('/api/v1/namespaces', { metadata: { name } });
    },
    room: async (name) => {
      await root.create('/api/v1/namespaces', { metadata: { name } });
    },
    pid: polder.pid,
    restart: async ({ signal, flags = [] } = {}) => {
      await polder.stop(signal);
      for (const api of apis) api.agent.destroy();
      const { port } = new URL(polder.url);
      return startEmbedded({ dir: polder.dir, port, args: flags });
    },
    remove: async () => {
      for (const api of apis) api.agent.destroy();
      await polder.remove();
    },
  };
}
