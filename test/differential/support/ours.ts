/** Our API server alone, without controllers, with what the script's objects refer to. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_NAMESPACE, TENANT_LABEL, TENANT_UID_LABEL } from '../../../apiserver/api/identity.ts';
import { ensureIdentity } from '../../../apiserver/embedded-identity.ts';
import { systemClock } from '../../../apiserver/runtime/clock.ts';
import { createComponentTokens } from '../../../apiserver/runtime/component-tokens.ts';
import { silentLog } from '../../../apiserver/runtime/log.ts';
import { createMetrics } from '../../../apiserver/runtime/metrics.ts';
import { createApiServer } from '../../../apiserver/server.ts';
import { createSqliteStore } from '../../../apiserver/store/sqlite/store.ts';
import { SCALED } from '../../../hack/twin/objects.ts';
import { scaledObject } from '../../../hack/twin/steps/scale.ts';
import { NAMESPACE } from '../../../hack/twin/step.ts';
import type { Target } from '../../../hack/twin/target.ts';
import type { Json } from '../../support/http.ts';
import { createSender, type Sender } from './https.ts';

export interface RunningTarget extends Target {
  close(): Promise<void>;
}

/** Requests come from our controllers: no rule about who may do what stands between script and machinery. */
export async function startOurs(): Promise<RunningTarget> {
  const folder = mkdtempSync(join(tmpdir(), 'polder-twin-'));
  const identity = await ensureIdentity(folder, Date.now());
  const tokens = createComponentTokens();
  const api = createApiServer({
    store: createSqliteStore({ file: join(folder, 'store.db'), clock: systemClock }),
    identity,
    componentKey: tokens.publicKey,
    tokens: [],
    clock: systemClock,
    log: silentLog,
    metrics: createMetrics(),
    writeAudit: () => undefined,
    version: 'test',
    fingerprintKey: randomBytes(32),
  });
  const { port } = await api.start(0, '127.0.0.1');
  const authorization = (): string => `Bearer ${tokens.mint(SYSTEM_NAMESPACE, 'controllers')}`;
  const sender = createSender(`https://127.0.0.1:${port}`, { ca: identity.ca, authorization });
  await prepare(sender);
  return {
    groupOf: (kind) => kind.group,
    send: (request) => sender.send(request),
    close: async () => {
      sender.close();
      await api.close(0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What references of the script's objects point at. */
export async function prepare(sender: Sender): Promise<void> {
  const tenant = NAMESPACE.slice('tn-'.length);
  const own = 'platform.polder.dev/v1alpha1';
  const data = 'data.polder.dev/v1alpha1';
  const post = (apiVersion: string, kind: string, below: string, body: object): Promise<Json> =>
    mustCreate(sender, `/apis/${apiVersion}/${below}`, { apiVersion, kind, ...body });
  const { metadata } = await post(own, 'Tenant', 'tenants', {
    metadata: { name: tenant },
    spec: { admins: [{ kind: 'User', name: 'nobody' }] },
  });
  await mustCreate(sender, '/api/v1/namespaces', {
    metadata: { name: NAMESPACE, labels: { [TENANT_LABEL]: tenant, [TENANT_UID_LABEL]: metadata.uid } },
  });
  const manifest = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: '{{ step }}' }, spec: {} };
  await post(own, 'Stack', 'stacks', {
    metadata: { name: 'job' },
    spec: {
      versions: ['1.0', '2.0'].map((name) => ({ name, kind: 'Job', manifests: [manifest] })),
    },
  });
  await post(data, 'Depot', `namespaces/${NAMESPACE}/depots`, {
    metadata: { name: 'crm' },
    spec: {
      type: 'Postgres',
      external: true,
      connection: { host: 'crm.example.com', database: 'crm' },
      datasets: ['orders', 'revenue'].map((name) => ({ name, path: `public.${name}` })),
    },
  });
}

/** What the script scales. */
export async function prepareScaled(sender: Pick<Sender, 'send'>): Promise<void> {
  for (const kind of SCALED) {
    const root = kind.group === '' ? '/api' : `/apis/${kind.group}`;
    const path = `${root}/${kind.version}/namespaces/${NAMESPACE}/${kind.plural}?fieldManager=maker`;
    await mustCreate(sender, path, scaledObject(kind));
  }
}

export async function mustCreate(sender: Pick<Sender, 'send'>, path: string, body: object): Promise<Json> {
  const headers = { 'content-type': 'application/json' };
  const { status, text } = await sender.send({ method: 'POST', path, headers, body: JSON.stringify(body) });
  if (status !== 201) throw new Error(`POST ${path} was answered with ${status}: ${text}`);
  return JSON.parse(text);
}
