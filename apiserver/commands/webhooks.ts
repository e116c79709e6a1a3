/** `polder webhooks`: the composition root of admission for Kubernetes' own kinds inside a cluster. */
import { readFileSync } from 'node:fs';
import { createWebhooks } from '../../webhooks/webhooks.ts';
import { systemClock } from '../runtime/clock.ts';
import { describeFlags, readFlags, UsageError, type Flags, type Values } from '../runtime/flags.ts';
import { createIdleMemory } from '../runtime/idle-memory.ts';
import { createLog, type Level } from '../runtime/log.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { untilStopped } from '../runtime/until-stopped.ts';
import { CLUSTER_FLAGS, hostClient, servingCertificate, servingFlags } from '../serving-flags.ts';

export const WEBHOOKS_FLAGS: Flags = {
  ...CLUSTER_FLAGS,
  ...servingFlags({ port: 9443, service: 'polder-webhooks' }),
  'client-ca-file': {
    help: 'PEM of the authorities whose certificates may ask. Default: everybody who can connect may.',
  },
  'max-in-flight': {
    help: 'Questions that are worked on at once; more are turned away.',
    default: '256',
    range: [1, 100_000],
  },
  'max-questions-per-second': {
    help: 'From one address, five times as many after a pause; more are answered 429. For one kube-apiserver.',
    default: '2000',
    range: [1, 1_000_000],
  },
};

/** Exit codes: 0 stopped cleanly, 1 failed. Throws `UsageError`. */
export async function webhooks(args: readonly string[]): Promise<number> {
  const values = readFlags(WEBHOOKS_FLAGS, args, process.env);
  if (values['help']?.[0] === 'true') {
    process.stdout.write(`usage: polder webhooks [flags]\n\n${describeFlags(WEBHOOKS_FLAGS)}\n`);
    return 0;
  }
  return serve(values);
}

async function serve(values: Values): Promise<number> {
  const one = (flag: string): string => values[flag]?.[0] ?? '';
  const clock = systemClock;
  const log = createLog({ level: one('log-level') as Level });
  const client = hostClient(values, { clock, log, name: 'polder-webhooks' });
  const clientCa = clientAuthorities(one('client-ca-file'));
  const program = createWebhooks({
    client,
    namespace: one('namespace'),
    serving: servingCertificate(values, { client, clock, log }),
    port: Number(one('port')),
    address: one('bind-address'),
    ...(clientCa === undefined ? {} : { clientCa }),
    limits: {
      inFlight: Number(one('max-in-flight')),
      perSecond: Number(one('max-questions-per-second')),
    },
    clock,
    log,
    metrics: createMetrics(),
  });
  const memory = createIdleMemory({ clock });
  const stopped = untilStopped();
  try {
    const { port } = await Promise.race([program.start(), stopped.then(stopEarly)]);
    memory.start();
    log.info('serving', { port });
    log.info('stopping', { signal: await stopped });
    return 0;
  } finally {
    await program.close();
    await memory.close();
    await client.close();
  }
}

/** Waiting for the first certificate may take as long as the cluster takes. */
function stopEarly(signal: NodeJS.Signals): never {
  throw new Error(`stopped by ${signal} before it could serve`);
}

/** Throws `UsageError`. */
function clientAuthorities(file: string): string | undefined {
  if (file === '') return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--client-ca-file ${file} cannot be read`, { cause: error });
  }
}
