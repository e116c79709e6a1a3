/** A whole API server on a free port for tests: real TLS, registry, store in memory, Casbin; and a client for it. */
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { SYSTEM_NAMESPACE } from '../../apiserver/api/identity.ts';
import type { JsonObject } from '../../apiserver/api/json.ts';
import type { Kind } from '../../apiserver/api/kind.ts';
import { createAudit } from '../../apiserver/http/audit.ts';
import {
  createAuthenticator,
  type TokenAuthenticator,
} from '../../apiserver/http/authentication/authenticator.ts';
import { createClientCertificates } from '../../apiserver/http/authentication/client-certificates.ts';
import { createServiceAccounts } from '../../apiserver/http/authentication/service-accounts.ts';
import { createStaticTokens } from '../../apiserver/http/authentication/static-tokens.ts';
import { createOpenApiDocuments } from '../../apiserver/http/openapi/documents.ts';
import type { HttpServerDeps } from '../../apiserver/http/server-options.ts';
import { createHttpServer, type HttpServer } from '../../apiserver/http/server.ts';
import { createReviews } from '../../apiserver/http/virtual-reviews.ts';
import { KINDS } from '../../apiserver/kinds/index.ts';
import { NATIVE_KINDS } from '../../apiserver/kinds/native/index.ts';
import { BUILT_IN_POLICIES, BUILT_IN_ROLES } from '../../apiserver/policy/built-in.ts';
import { createCasbinEngine, type Engine } from '../../apiserver/policy/engine.ts';
import { createRegistry } from '../../apiserver/registry/create-registry.ts';
import type { Registry } from '../../apiserver/registry/registry.ts';
import type { RingLimits } from '../../apiserver/registry/ring.ts';
import {
  createAuthority,
  issue,
  type Authority,
  type KeyPair,
} from '../../apiserver/runtime/certificates.ts';
import { systemClock } from '../../apiserver/runtime/clock.ts';
import { createComponentTokens, type ComponentTokens } from '../../apiserver/runtime/component-tokens.ts';
import { createLog, type Log } from '../../apiserver/runtime/log.ts';
import { createMetrics } from '../../apiserver/runtime/metrics.ts';
import { createMemoryStore } from '../../apiserver/store/memory/store.ts';
import type { Store } from '../../apiserver/store/store.ts';
import { callOnce, openWatch, type Answer, type CallOptions, type WatchClient } from './http-client.ts';
import { Box, OPEN_ADMISSION, Widget } from './registry.ts';

/** Part of what `Plane` answers with. */
export type { Json } from './http-client.ts';

export const TOKENS = [
  'admin-token-1,root,u1,"system:masters"',
  'ann-token-123,ann,u2,"acme-admins"',
  'gil-token-123,gil,u3,"globex-admins"',
  'nobody-token,nobody,u4',
].join('\n');
export const ANN = 'ann-token-123';
export const GIL = 'gil-token-123';
export const NOBODY = 'nobody-token';

export interface Plane {
  readonly url: string;
  readonly port: number;
  readonly ca: Authority;
  readonly http: HttpServer;
  readonly registry: Registry;
  readonly store: Store;
  readonly engine: Engine;
  readonly componentTokens: ComponentTokens;
  /** Audit lines so far, parsed. */
  audit(): readonly Record<string, unknown>[];
  /** Log lines so far. */
  readonly logged: readonly string[];
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  watch(path: string, options?: CallOptions): Promise<WatchClient>;
  /** Creates a tenant with its namespace and the group `<name>-admins` as administrators. */
  addTenant(name: string): Promise<void>;
  close(drainMs?: number): Promise<void>;
}

let identity: Promise<{ readonly ca: Authority; readonly leaf: KeyPair }> | undefined;
async function createIdentity(): Promise<{ readonly ca: Authority; readonly leaf: KeyPair }> {
  const now = Date.now();
  const ca = await createAuthority({ commonName: 'test CA', validForMs: 86_400_000, now });
  const options = {
    commonName: 'polder',
    subjectAltNames: ['127.0.0.1', 'localhost'],
    validForMs: 86_400_000,
  };
  return { ca, leaf: await issue(ca, { ...options, usage: 'server', now }) };
}

export async function clientCertificate(
  ca: Authority,
  commonName: string,
  organizations: readonly string[] = [],
): Promise<KeyPair> {
  return issue(ca, { commonName, organizations, usage: 'client', validForMs: 86_400_000, now: Date.now() });
}

type Options = Partial<HttpServerDeps> & {
  readonly tokens?: readonly TokenAuthenticator[];
  readonly extraKinds?: readonly Kind[];
  /** How far back watches resume without asking the store. */
  readonly ring?: RingLimits;
};

export async function startPlane(options: Options = {}): Promise<Plane> {
  identity ??= createIdentity();
  const { ca, leaf } = await identity;
  const kinds = [...NATIVE_KINDS, ...KINDS, Widget, Box, ...(options.extraKinds ?? [])];
  const clock = options.clock ?? systemClock;
  const logged: string[] = [];
  const log: Log = createLog({ level: 'debug', write: (line) => void logged.push(line) });
  const metrics = options.metrics ?? createMetrics();
  const store = createMemoryStore();
  await store.start();
  const registry = createRegistry({
    store,
    kinds,
    admission: OPEN_ADMISSION,
    clock,
    ...(options.ring === undefined ? {} : { ring: options.ring }),
    log,
    metrics,
    virtual: createReviews({
      authorize: (user, attributes) => engine.authorize(user, attributes),
      authorizeList: (user, attributes, kind) => engine.authorizeList(user, attributes, kind),
      review: (user, attributes) => engine.review(user, attributes),
      rules: (user, namespace) => engine.rules(user, namespace),
    }),
  });
  await registry.start();
  const engine = createCasbinEngine({
    kinds,
    now: () => clock.now(),
    after: (delayMs, task) => clock.after(delayMs, task),
    find: (kind, namespace, name) => registry.peek(kind, namespace, name)?.read(),
    onError: (error) => log.error('policy', { error }),
  });
  feed(registry, engine, kinds);
  const componentTokens = createComponentTokens(() => clock.now());
  const auditLines: Buffer[] = [];
  const audit = createAudit({ write: (lines) => void auditLines.push(lines), clock });
  const http = createHttpServer({
    registry,
    authorizer: engine,
    authenticator: createAuthenticator({
      certificates: createClientCertificates({ authorities: ca.cert, clock }),
      tokens: [
        createStaticTokens(TOKENS),
        createServiceAccounts({ publicKey: componentTokens.publicKey, clock }),
        ...(options.tokens ?? []),
      ],
      clock,
      log,
    }),
    kinds,
    openApi: createOpenApiDocuments(kinds, { title: 'Polder', version: 'test' }),
    log,
    metrics,
    audit,
    clock,
    health: [{ name: 'store', probes: ['live', 'ready'], check: () => undefined }],
    tls: { key: leaf.key, cert: leaf.cert, clientCa: ca.cert },
    version: { major: '1', minor: '34', gitVersion: 'v1.34.0+polder.test' },
    ...options,
  });
  const { port } = await http.start(0, '127.0.0.1');
  const url = `https://127.0.0.1:${port}`;
  const agent = new Agent({ ca: ca.cert, keepAlive: true });
  const call: Plane['call'] = async (method, path, how = {}) =>
    await callOnce({ url, ca: ca.cert, agent }, method, path, how);
  const create = async (path: string, object: JsonObject): Promise<void> => {
    const answer = await call('POST', path, { body: object });
    assert.equal(answer.status, 201, answer.text);
  };
  for (const object of BUILT_IN_ROLES) await create('/apis/platform.polder.dev/v1alpha1/accessroles', object);
  for (const object of BUILT_IN_POLICIES) {
    await create('/apis/platform.polder.dev/v1alpha1/clusteraccesspolicies', object);
  }
  for (const name of ['a', 'b']) await create('/api/v1/namespaces', { metadata: { name } });
  return {
    url,
    port,
    ca,
    http,
    registry,
    store,
    engine,
    componentTokens,
    logged,
    audit: () => {
      audit.flush();
      return Buffer.concat(auditLines)
        .toString()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    call,
    watch: async (path, how = {}) => await openWatch({ url, ca: ca.cert, agent }, path, how),
    addTenant: async (name) => {
      await create('/apis/platform.polder.dev/v1alpha1/tenants', {
        apiVersion: 'platform.polder.dev/v1alpha1',
        kind: 'Tenant',
        metadata: { name },
        spec: { admins: [{ kind: 'Group', name: `${name}-admins` }] },
      });
      const tenant = (await call('GET', `/apis/platform.polder.dev/v1alpha1/tenants/${name}`)).json();
      const labels = { 'polder.dev/tenant': name, 'polder.dev/tenant-uid': tenant.metadata.uid as string };
      await create('/api/v1/namespaces', { metadata: { name: `tn-${name}`, labels } });
      // What the tenant controller does once the tenant exists.
      const token = componentTokens.mint(SYSTEM_NAMESPACE, 'controllers');
      const policy = {
        apiVersion: 'data.polder.dev/v1alpha1',
        kind: 'AccessPolicy',
        metadata: { name: 'admins' },
        spec: {
          effect: 'Allow',
          subjects: [{ kind: 'Group', name: `${name}-admins` }],
          roleRef: { name: 'tenant-admin' },
        },
      };
      const path = `/apis/data.polder.dev/v1alpha1/namespaces/tn-${name}/accesspolicies`;
      const answer = await call('POST', path, { token, body: policy });
      assert.equal(answer.status, 201, answer.text);
    },
    close: async (drainMs = 5000) => {
      agent.destroy();
      await http.close(drainMs);
      engine.close();
      await registry.close();
      await store.close();
    },
  };
}

/** Everything the engine may need, in commit order. */
function feed(registry: Registry, engine: Engine, kinds: readonly Kind[]): void {
  for (const kind of kinds.filter(({ storage }) => storage === 'stored')) {
    registry.observe(kind, ({ namespace, name }, object) =>
      engine.apply(kind, namespace, name, object?.read()),
    );
  }
}
