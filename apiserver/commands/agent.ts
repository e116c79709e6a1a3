/** `polder agent`: the agent of one data plane, in the cluster that is the plane. */
import { resolve } from 'node:path';
import { createAgent, type AgentOptions } from '../../controllers/agent/agent.ts';
import type { Client } from '../client/client.ts';
import { untilDone } from '../client/shared-secret.ts';
import { createHealth } from '../runtime/health.ts';
import { Namespace } from '../kinds/native/namespace.ts';
import { serveMetrics } from '../process-server.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import { DataDirHeldError, DataDirUnusableError, acquireDataDir, type DataDir } from '../runtime/data-dir.ts';
import { UsageError, describeFlags, readFlags, type Flags, type Values } from '../runtime/flags.ts';
import { createIdleMemory } from '../runtime/idle-memory.ts';
import { createLog, type Level, type Log } from '../runtime/log.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { untilStopped } from '../runtime/until-stopped.ts';
import { CLUSTER_FLAGS, METRICS_FLAGS, hostClient } from '../serving-flags.ts';
import { createCaFile } from '../ca-file.ts';
import { createTokenFile } from '../token-file.ts';
import { version } from '../version.ts';

const { namespace: _namespace, ...PLANE_FLAGS } = CLUSTER_FLAGS;

export const AGENT_FLAGS: Flags = {
  ...PLANE_FLAGS,
  kubeconfig: {
    help: 'How to reach the cluster that is the data plane. Default: the service account of the pod.',
  },
  hub: { help: 'https://host:port of the hub; the agent dials out to it and nowhere else.' },
  'hub-ca-file': {
    help: 'PEM of the CA that signed the certificate of the hub; read again for every connection.',
  },
  'token-file': {
    help: 'File with the one-time registration token; read when one is needed, and waited for until it is there.',
  },
  'data-dir': { help: 'Directory of keys, bundles and inventory.', default: '.polder-agent' },
  'bind-address': { help: 'Address of the metrics port.', default: '0.0.0.0' },
  ...METRICS_FLAGS,
};

const HELD = 3;

/** Exit codes: 0 stopped cleanly, 1 failed, 3 the data directory is held by another process. */
export async function agent(args: readonly string[]): Promise<number> {
  const values = readFlags(AGENT_FLAGS, args, process.env);
  if (values['help']?.[0] === 'true') {
    process.stdout.write(`usage: polder agent [flags]\n\n${describeFlags(AGENT_FLAGS)}\n`);
    return 0;
  }
  const hub = hubOf(values);
  try {
    const dataDir = acquireDataDir(resolve(values['data-dir']?.[0] ?? ''));
    try {
      return await run(values, hub, dataDir);
    } finally {
      dataDir.release();
    }
  } catch (error) {
    if (!(error instanceof DataDirHeldError) && !(error instanceof DataDirUnusableError)) throw error;
    process.stderr.write(`polder: ${error.message}\n`);
    return error instanceof DataDirHeldError ? HELD : 1;
  }
}

type HubOptions = Pick<AgentOptions, 'hub' | 'ca'> & { readonly tokenFile: string };

/** Throws `UsageError`. */
function hubOf(values: Values): HubOptions {
  const one = (flag: string): string => {
    const value = values[flag]?.[0] ?? '';
    if (value === '') throw new UsageError(`--${flag} is missing`);
    return value;
  };
  const hub = one('hub').replace(/\/$/, '');
  if (!URL.canParse(hub) || new URL(hub).protocol !== 'https:') {
    throw new UsageError(`--hub is "${hub}"; it must start with https://`);
  }
  const file = one('hub-ca-file');
  try {
    return { hub, ca: createCaFile(file), tokenFile: one('token-file') };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--hub-ca-file ${file} cannot be read`, { cause: error });
  }
}

async function run(values: Values, { hub, ca, tokenFile }: HubOptions, dataDir: DataDir): Promise<number> {
  const clock = systemClock;
  const log = createLog({ level: (values['log-level']?.[0] ?? 'info') as Level });
  const metrics = createMetrics();
  const plane = hostClient(values, { clock, log, name: 'polder-agent' });
  const stopping = new AbortController();
  const stopped = untilStopped();
  void stopped.then((signal) => stopping.abort(new Error(`stopped by ${signal}`)));
  const started: { close(): Promise<void> }[] = [plane];
  try {
    const port = values['metrics-port']?.[0];
    if (port !== undefined) {
      const address = values['bind-address']?.[0] ?? '';
      const health = createHealth([], log);
      started.push(await serveMetrics({ metrics, health }, Number(port), address));
    }
    const running = createAgent({
      hub,
      ca,
      plane,
      directory: dataDir.file('agent'),
      clusterUID: await clusterUid(plane, { clock, log, signal: stopping.signal }),
      version: version(),
      token: createTokenFile({ file: tokenFile, clock, log }),
      clock,
      log,
      metrics,
    });
    started.push(running);
    await running.start();
    const memory = createIdleMemory({ clock });
    started.push(memory);
    memory.start();
    log.info('agent started', { hub });
    log.info('stopping', { signal: await stopped });
    return 0;
  } finally {
    for (const part of started.reverse()) await part.close();
  }
}

/** What tells this cluster from all others; the same for as long as it exists. */
async function clusterUid(
  plane: Client,
  deps: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): Promise<string> {
  const read = async (): Promise<string> => {
    const found = await plane.get(Namespace, { name: 'kube-system' }, { signal: deps.signal });
    return found.metadata.uid;
  };
  return await untilDone('identity of the cluster', read, deps);
}
