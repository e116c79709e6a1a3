/**
 * One process that is a whole Polder: API server, controllers, hub, and the agent of a local data plane. The
 * programs meet over HTTPS and WebSocket on one port, like strangers.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createControllers } from '../controllers/controllers.ts';
import { createAgent } from '../controllers/agent/agent.ts';
import { createInformers, type SharedInformers } from '../controllers/reconcilers/core/informers.ts';
import { REGISTER_PATH, REPLAY_PATH, createHub, type Hub } from '../controllers/hub/hub.ts';
import { SYSTEM_NAMESPACE } from './api/identity.ts';
import type { TokenAuthenticator } from './http/authentication/authenticator.ts';
import { createClient, type Client } from './client/client.ts';
import { ensureIdentity, writeAdminKubeconfig, type EmbeddedIdentity } from './embedded-identity.ts';
import { waitForRegistrationToken } from './local-plane-token.ts';
import { systemClock, type Clock } from './runtime/clock.ts';
import { openAuditFile, type AuditRotation } from './runtime/audit-file.ts';
import { createComponentTokens, type ComponentTokens } from './runtime/component-tokens.ts';
import type { DataDir } from './runtime/data-dir.ts';
import { createIdleMemory } from './runtime/idle-memory.ts';
import type { Log } from './runtime/log.ts';
import { createMetrics } from './runtime/metrics.ts';
import { createApiServer, type EmbeddedApiServer } from './server.ts';
import type { StoreDeps } from './store/open.ts';
import type { Store } from './store/store.ts';

export interface EmbeddedOptions {
  /** Held by the caller. */
  readonly dataDir: DataDir;
  /** Not started; `file` is for the sqlite database. */
  readonly openStore: (deps: StoreDeps) => Promise<Store>;
  /** 0 takes any free one. */
  readonly port: number;
  /** Changes that are kept to look back on; default: the store's. */
  readonly historyRevisions?: number;
  readonly audit: Omit<AuditRotation, 'now'>;
  readonly log: Log;
  readonly version: string;
  /** Bearer tokens from outside: static ones, OIDC. */
  readonly tokens: readonly TokenAuthenticator[];
  readonly clock?: Clock;
}
export interface EmbeddedPolder {
  /** Resolves when everything serves: the URL and the path of the administrator's kubeconfig. */
  start(): Promise<{ readonly url: string; readonly kubeconfig: string }>;
  /** Drains and closes within 10 s. */
  close(): Promise<void>;
}

/** The data plane that the embedded agent registers as, once somebody creates it. */
export const LOCAL_PLANE = 'local';
const HOST = '127.0.0.1';
const DRAIN_MS = 5_000;
const RENEWAL_CHECK_MS = 12 * 60 * 60_000;

export function createEmbeddedPolder(options: EmbeddedOptions): EmbeddedPolder {
  return new EmbeddedProcess(options);
}

class EmbeddedProcess implements EmbeddedPolder {
  private readonly options: EmbeddedOptions;
  private readonly clock: Clock;
  private readonly metrics = createMetrics();
  private readonly tokens: ComponentTokens;
  /** What was started, in order; closed backwards. */
  private readonly started: { close(): Promise<void> }[] = [];
  private hub: Hub | undefined;
  private cancelRenewal: () => void = () => undefined;

  constructor(options: EmbeddedOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.tokens = createComponentTokens(() => this.clock.now());
  }

  async start(): Promise<{ readonly url: string; readonly kubeconfig: string }> {
    const { dataDir, port: wanted, log } = this.options;
    const identity = await ensureIdentity(dataDir.path, this.clock.now());
    const api = await this.createApi(identity);
    this.started.push({ close: () => api.close(DRAIN_MS) });
    const { port } = await api.start(wanted, HOST);
    const url = `https://${HOST}:${port}`;
    const control = this.clientAs('controllers', url, identity.ca);
    const informers = createInformers({ apiClient: control, log, clock: this.clock });
    this.started.push(informers);
    await this.startHub(api, control, informers);
    this.startControllers(control, informers);
    await this.startAgent(control, url, identity.ca);
    const kubeconfig = await writeAdminKubeconfig(dataDir.path, url, this.clock.now());
    this.renewLater(api, identity, url);
    this.startIdleMemory();
    return { url, kubeconfig };
  }

  async close(): Promise<void> {
    this.cancelRenewal();
    for (const part of this.started.reverse()) await part.close();
  }

  private async createApi(identity: EmbeddedIdentity): Promise<EmbeddedApiServer> {
    const { dataDir, log, version, historyRevisions } = this.options;
    const { clock, metrics } = this;
    const rotation = { ...this.options.audit, now: () => clock.now() };
    const audit = openAuditFile({ path: dataDir.file('audit.log'), log, metrics, rotation });
    this.started.push(audit);
    return createApiServer({
      store: await this.options.openStore({ file: dataDir.file('store.db'), clock, log, metrics }),
      identity,
      componentKey: this.tokens.publicKey,
      tokens: this.options.tokens,
      clock,
      log,
      metrics,
      writeAudit: (lines) => audit.write(lines),
      health: [{ name: 'audit', probes: ['ready'], check: () => audit.problem() }],
      fingerprintKey: secretBytes(dataDir, 'pki/fingerprint.key'),
      version,
      ...(historyRevisions === undefined ? {} : { historyRevisions }),
      extraRoutes: [
        {
          prefix: REGISTER_PATH,
          handle: (request, response) => {
            if (this.hub?.handle(request, response) !== true) response.writeHead(503).end();
          },
        },
      ],
    });
  }

  private async startHub(api: EmbeddedApiServer, client: Client, informers: SharedInformers): Promise<void> {
    const { clock, metrics } = this;
    const { dataDir, log } = this.options;
    const hub = createHub({ client, informers, signingKey: hubKey(dataDir), clock, log, metrics });
    this.hub = hub;
    this.started.push(hub);
    api.http.onUpgrade(REPLAY_PATH, (request, socket, head) => void hub.upgrade(request, socket, head));
    await hub.start();
  }

  private startControllers(apiClient: Client, informers: SharedInformers): void {
    const { clock, metrics } = this;
    const controllers = createControllers({ apiClient, informers, clock, log: this.options.log, metrics });
    this.started.push(controllers);
    controllers.start();
  }

  private async startAgent(control: Client, url: string, ca: string): Promise<void> {
    const { clock, metrics } = this;
    const { dataDir, log, version } = this.options;
    const agent = createAgent({
      hub: url,
      ca,
      plane: this.clientAs(`agent-${LOCAL_PLANE}`, url, ca),
      directory: dataDir.file('agent'),
      clusterUID: 'embedded',
      version,
      token: (request) => waitForRegistrationToken(control, LOCAL_PLANE, { clock, log, ...request }),
      clock,
      log,
      metrics,
    });
    this.started.push(agent);
    await agent.start();
  }

  private startIdleMemory(): void {
    const memory = createIdleMemory({ clock: this.clock });
    this.started.push(memory);
    memory.start();
  }

  private clientAs(name: string, server: string, ca: string): Client {
    const client = createClient({
      server,
      ca,
      credentials: { token: () => this.tokens.mint(SYSTEM_NAMESPACE, name) },
      log: this.options.log,
      clock: this.clock,
      fieldManager: `polder-${name}`,
    });
    this.started.push(client);
    return client;
  }

  private renewLater(api: EmbeddedApiServer, identity: EmbeddedIdentity, url: string): void {
    this.cancelRenewal = this.clock.after(RENEWAL_CHECK_MS, () => {
      this.renew(api, identity, url).catch((error: unknown) => {
        this.options.log.error('certificates were not renewed', { error });
        this.renewLater(api, identity, url);
      });
    });
  }

  private async renew(api: EmbeddedApiServer, old: EmbeddedIdentity, url: string): Promise<void> {
    const { dataDir } = this.options;
    const identity = await ensureIdentity(dataDir.path, this.clock.now());
    if (identity.serving.cert !== old.serving.cert || identity.ca !== old.ca) api.renew(identity);
    await writeAdminKubeconfig(dataDir.path, url, this.clock.now());
    this.renewLater(api, identity, url);
  }
}

/** Signs what planes replay; kept over restarts because agents pin its public half. */
function hubKey(dataDir: DataDir): KeyObject {
  const file = dataDir.file('pki/hub-signing.key');
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  return createPrivateKey(readFileSync(file));
}

/** 32 random bytes, made on first use. */
function secretBytes(dataDir: DataDir, name: string): Uint8Array {
  const file = dataDir.file(name);
  if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600 });
  return readFileSync(file);
}
