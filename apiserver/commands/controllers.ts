/** `polder controllers`: the reconcilers and the hub inside a Kubernetes cluster. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createControllersProcess } from '../controllers-process.ts';
import { serveMetrics } from '../process-server.ts';
import { systemClock } from '../runtime/clock.ts';
import { describeFlags, readFlags, type Flags, type Values } from '../runtime/flags.ts';
import { createIdleMemory } from '../runtime/idle-memory.ts';
import { createLog, type Level } from '../runtime/log.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { untilStopped } from '../runtime/until-stopped.ts';
import {
  CLUSTER_FLAGS,
  METRICS_FLAGS,
  hostClient,
  servingCertificate,
  servingFlags,
} from '../serving-flags.ts';

export const CONTROLLERS_FLAGS: Flags = {
  ...CLUSTER_FLAGS,
  ...servingFlags({ port: 8443, service: 'polder-hub' }),
  ...METRICS_FLAGS,
};

/** Exit codes: 0 stopped cleanly, 1 failed or no longer the leader: to be started again. */
export async function controllers(args: readonly string[]): Promise<number> {
  const values = readFlags(CONTROLLERS_FLAGS, args, process.env);
  if (values['help']?.[0] === 'true') {
    process.stdout.write(`usage: polder controllers [flags]\n\n${describeFlags(CONTROLLERS_FLAGS)}\n`);
    return 0;
  }
  return await run(values);
}

async function run(values: Values): Promise<number> {
  const one = (flag: string): string => values[flag]?.[0] ?? '';
  const clock = systemClock;
  const log = createLog({ level: one('log-level') as Level });
  const metrics = createMetrics();
  const client = hostClient(values, { clock, log, name: 'polder-controllers' });
  const controlling = createControllersProcess({
    client,
    serving: servingCertificate(values, { client, clock, log }),
    port: Number(one('port')),
    address: one('bind-address'),
    namespace: one('namespace'),
    identity: `${hostname()}_${randomUUID()}`,
    clock,
    log,
    metrics,
  });
  const stopped = untilStopped();
  const memory = createIdleMemory({ clock });
  const scrapes = await startMetrics(values, { metrics, health: controlling.health });
  try {
    const { port } = await Promise.race([controlling.start(), stopped.then(stopEarly)]);
    memory.start();
    log.info('serving', { port });
    const end = await Promise.race([stopped, controlling.lost]);
    log.info('stopping', { signal: end ?? 'leadership lost' });
    return end === undefined ? 1 : 0;
  } finally {
    await controlling.close();
    await memory.close();
    await scrapes?.close();
    await client.close();
  }
}

async function startMetrics(
  values: Values,
  what: Parameters<typeof serveMetrics>[0],
): Promise<{ close(): Promise<void> } | undefined> {
  const port = values['metrics-port']?.[0];
  return port === undefined
    ? undefined
    : await serveMetrics(what, Number(port), values['bind-address']?.[0] ?? '');
}

/** A start may wait for the cluster for as long as it takes. */
function stopEarly(signal: NodeJS.Signals): never {
  throw new Error(`stopped by ${signal} before it could serve`);
}
