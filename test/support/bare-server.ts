/** A bare API server in this process, whose clients are our components: no controllers, a hub only when one is given. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_NAMESPACE } from '../../apiserver/api/identity.ts';
import { createClient, type Client } from '../../apiserver/client/client.ts';
import { ensureIdentity } from '../../apiserver/embedded-identity.ts';
import { systemClock } from '../../apiserver/runtime/clock.ts';
import { createComponentTokens } from '../../apiserver/runtime/component-tokens.ts';
import { createMetrics, type Metrics } from '../../apiserver/runtime/metrics.ts';
import { createApiServer, type ApiServer } from '../../apiserver/server.ts';
import { createMemoryStore } from '../../apiserver/store/memory/store.ts';
import type { Store } from '../../apiserver/store/store.ts';
import { REGISTER_PATH, REPLAY_PATH, type Hub } from '../../controllers/hub/hub.ts';
import { createLines } from './lines.ts';

export interface Server {
  readonly url: string;
  readonly ca: string;
  readonly api: ApiServer;
  readonly metrics: Metrics;
  /** As one of our components. */
  clientAs(name: string): Client;
  tokenOf(name: string): string;
  close(): Promise<void>;
}

interface ServerOptions {
  readonly store?: Store;
  readonly hub?: () => Hub | undefined;
  /** Default: any free one. */
  readonly port?: number;
  /** Default: a fresh one. */
  readonly folder?: string;
}

export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'polder-replay-'));
  const identity = await ensureIdentity(folder, Date.now());
  const tokens = createComponentTokens();
  const { log } = createLines();
  const metrics = createMetrics();
  const api = createApiServer({
    store: options.store ?? createMemoryStore(),
    identity,
    componentKey: tokens.publicKey,
    tokens: [],
    clock: systemClock,
    log,
    metrics,
    writeAudit: () => undefined,
    fingerprintKey: randomBytes(32),
    version: 'test',
    extraRoutes: [
      {
        prefix: REGISTER_PATH,
        handle: (request, response) => {
          if (options.hub?.()?.handle(request, response) !== true) response.writeHead(503).end();
        },
      },
    ],
  });
  api.http.onUpgrade(REPLAY_PATH, (request, socket, head) => {
    if (options.hub?.()?.upgrade(request, socket, head) !== true) socket.destroy();
  });
  const { port } = await api.start(options.port ?? 0, '127.0.0.1');
  const url = `https://127.0.0.1:${port}`;
  const clients: Client[] = [];
  const tokenOf = (name: string): string => tokens.mint(SYSTEM_NAMESPACE, name);
  return {
    url,
    ca: identity.ca,
    api,
    metrics,
    tokenOf,
    clientAs: (name) => {
      const credentials = { token: () => tokenOf(name) };
      const client = createClient({ server: url, ca: identity.ca, credentials, log, fieldManager: name });
      clients.push(client);
      return client;
    },
    close: async () => {
      for (const client of clients) await client.close();
      await api.close(0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
