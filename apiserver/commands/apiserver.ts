/** `polder apiserver`: the composition root of the API server inside a Kubernetes cluster. */
import { resolve } from 'node:path';
import { createAggregatedServer } from '../aggregated.ts';
import { AUDIT_FLAGS, auditRotation } from '../audit-flags.ts';
import { openAuditFile } from '../runtime/audit-file.ts';
import { systemClock } from '../runtime/clock.ts';
import { DataDirHeldError, DataDirUnusableError, acquireDataDir, type DataDir } from '../runtime/data-dir.ts';
import { describeFlags, readFlags, type Flags, type Values } from '../runtime/flags.ts';
import { createIdleMemory } from '../runtime/idle-memory.ts';
import { createLog, type Level } from '../runtime/log.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { untilStopped } from '../runtime/until-stopped.ts';
import { CLUSTER_FLAGS, hostClient, servingCertificate, servingFlags } from '../serving-flags.ts';
import { STORE_FLAGS, openStore } from '../store/open.ts';
import { StoreUnusableError } from '../store/store.ts';
import { version } from '../version.ts';

export const APISERVER_FLAGS: Flags = {
  ...CLUSTER_FLAGS,
  ...servingFlags({ port: 7443, service: 'polder' }),
  'data-dir': {
    help: 'Directory of the sqlite store and the audit log. Default: .polder with --store sqlite, else none.',
  },
  ...STORE_FLAGS,
  'history-revisions': {
    help: 'Changes that watches and paged lists can look back on, for at most 7 days; older ones answer 410.',
    default: '1000000',
    range: [10, 1_000_000_000],
  },
  'shutdown-delay-seconds': {
    help: 'How long requests are still answered after readiness began to fail, until they go to other replicas.',
    default: '3',
    range: [0, 60],
  },
  'audit-log-path': {
    help: 'File of the audit log, - for standard output. Default: audit.log in the data directory if there is one.',
  },
  ...AUDIT_FLAGS,
};

const HELD = 3;

/** Exit codes: 0 stopped cleanly, 1 failed, 3 the data directory is held by another process. */
export async function apiserver(args: readonly string[]): Promise<number> {
  const values = readFlags(APISERVER_FLAGS, args, process.env);
  if (values['help']?.[0] === 'true') {
    process.stdout.write(`usage: polder apiserver [flags]\n\n${describeFlags(APISERVER_FLAGS)}\n`);
    return 0;
  }
  try {
    const path = dataDirOf(values);
    const dataDir = path === undefined ? undefined : acquireDataDir(resolve(path));
    try {
      return await serve(values, dataDir);
    } finally {
      dataDir?.release();
    }
  } catch (error) {
    const known =
      error instanceof DataDirHeldError ||
      error instanceof DataDirUnusableError ||
      error instanceof StoreUnusableError;
    if (!known) throw error;
    process.stderr.write(`polder: ${error.message}\n`);
    return error instanceof DataDirHeldError ? HELD : 1;
  }
}

/** With etcd nothing has to survive on this machine. */
const dataDirOf = (values: Values): string | undefined =>
  values['data-dir']?.[0] ?? (values['store']?.[0] === 'sqlite' ? '.polder' : undefined);

async function serve(values: Values, dataDir: DataDir | undefined): Promise<number> {
  const one = (flag: string): string => values[flag]?.[0] ?? '';
  const clock = systemClock;
  const log = createLog({ level: one('log-level') as Level });
  const metrics = createMetrics();
  const client = hostClient(values, { clock, log, name: 'polder-apiserver' });
  const path = values['audit-log-path']?.[0] ?? dataDir?.file('audit.log') ?? '-';
  const rotation = { ...auditRotation(values), now: () => clock.now() };
  const audit = path === '-' ? undefined : openAuditFile({ path, log, metrics, rotation });
  const server = createAggregatedServer({
    store: await openStore(values, { file: dataDir?.file('store.db') ?? '', clock, log, metrics }),
    client,
    serving: servingCertificate(values, { client, clock, log }),
    port: Number(one('port')),
    address: one('bind-address'),
    historyRevisions: Number(one('history-revisions')),
    shutdownDelayMs: Number(one('shutdown-delay-seconds')) * 1000,
    writeAudit: (lines) => (audit === undefined ? void process.stdout.write(lines) : audit.write(lines)),
    health: [{ name: 'audit', probes: ['ready'], check: () => audit?.problem() }],
    namespace: one('namespace'),
    version: version(),
    clock,
    log,
    metrics,
  });
  const memory = createIdleMemory({ clock });
  const stopped = untilStopped();
  try {
    const { port } = await Promise.race([server.start(), stopped.then(stopEarly)]);
    memory.start();
    dataDir?.writeReady({ url: `https://localhost:${port}`, kubeconfig: '', pid: process.pid });
    log.info('serving', { port });
    log.info('stopping', { signal: await stopped });
    return 0;
  } finally {
    await server.close();
    await memory.close();
    await audit?.close();
    await client.close();
  }
}

/** A start may wait for the cluster for as long as it takes. */
function stopEarly(signal: NodeJS.Signals): never {
  throw new Error(`stopped by ${signal} before it could serve`);
}
