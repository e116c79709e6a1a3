/** Flags of every process that serves inside a cluster: where it listens, as whom, and how it reaches the cluster. */
import { createClient, type Client } from './client/client.ts';
import { ClusterConfigError, clusterConfig } from './client/cluster-config.ts';
import { selfMadeServing, servingFromFiles, type ServingCertificate } from './client/serving-certificate.ts';
import { SYSTEM_NAMESPACE } from './api/identity.ts';
import type { Clock } from './runtime/clock.ts';
import { UsageError, type Flags, type Values } from './runtime/flags.ts';
import { LEVELS, type Log } from './runtime/log.ts';

export const CLUSTER_FLAGS: Flags = {
  kubeconfig: { help: 'How to reach the cluster. Default: the service account of the pod.' },
  namespace: { help: 'Namespace that Polder itself lives in.', default: SYSTEM_NAMESPACE },
  'log-level': { help: 'How much is logged.', default: 'info', oneOf: LEVELS },
  help: { help: 'Shows this text.', boolean: true },
};

export const METRICS_FLAGS: Flags = {
  'metrics-port': {
    help: 'Port for /metrics over plain HTTP, inside the cluster only. Default: none.',
    range: [0, 65_535],
  },
};

/** With the process's own defaults. */
export const servingFlags = (defaults: { readonly port: number; readonly service: string }): Flags => ({
  'bind-address': { help: 'Address to listen on.', default: '0.0.0.0' },
  port: {
    help: 'Port to listen on; 0 takes any free one.',
    default: String(defaults.port),
    range: [0, 65_535],
  },
  'service-name': { help: 'Service in front of this process.', default: defaults.service },
  'tls-extra-names': {
    help: 'More DNS names and addresses in a self-made serving certificate, such as the one that agents dial.',
    multiple: true,
  },
  'tls-cert-file': {
    help: 'PEM of the serving certificate; read again when it changes. Default: self-made.',
  },
  'tls-private-key-file': { help: 'PEM of its key.' },
});

const one = (values: Values, flag: string): string | undefined => values[flag]?.[0];

/** Throws `UsageError` when there is no cluster to be found. */
export function hostClient(
  values: Values,
  deps: { readonly clock: Clock; readonly log: Log; readonly name: string },
): Client {
  const { clock, log, name } = deps;
  try {
    const config = clusterConfig(one(values, 'kubeconfig'), { env: process.env, clock });
    return createClient({ ...config, clock, log, fieldManager: name });
  } catch (error) {
    if (!(error instanceof ClusterConfigError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

/** Throws `UsageError` for half a pair and for files that cannot be used. */
export function servingCertificate(
  values: Values,
  deps: { readonly client: Client; readonly clock: Clock; readonly log: Log },
): ServingCertificate {
  const cert = one(values, 'tls-cert-file');
  const key = one(values, 'tls-private-key-file');
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('--tls-cert-file and --tls-private-key-file go together');
  }
  if (cert === undefined || key === undefined) {
    const namespace = one(values, 'namespace') ?? SYSTEM_NAMESPACE;
    const otherNames = (values['tls-extra-names'] ?? [])
      .map((name) => name.trim())
      .filter((name) => name !== '');
    return selfMadeServing({ ...deps, namespace, service: one(values, 'service-name') ?? '', otherNames });
  }
  try {
    return servingFromFiles({ cert, key, clock: deps.clock, log: deps.log });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--tls-cert-file ${cert}: ${why}`, { cause: error });
  }
}
