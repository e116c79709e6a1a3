/**
 * How to reach a cluster: from a kubeconfig, or from what Kubernetes mounts into every pod. Secrets are read when
 * they are needed, so that a token that is rotated on disk is used at once and never kept for long.
 */
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { at, isObject } from '../api/json.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Credentials } from './transport.ts';

export interface ClusterConfig {
  readonly server: string;
  /** PEM. Absent: the system's. */
  readonly ca?: string;
  readonly credentials?: Credentials;
}

/** What was given does not lead to a cluster; the message says what is missing. */
export class ClusterConfigError extends Error {
  override readonly name = 'ClusterConfigError';
}

/** Where every pod finds its service account. */
export const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';
/** source: client-go rest.InClusterConfig re-reads the token this often at most. */
const TOKEN_FILE_MS = 10_000;

interface PodOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Default `SERVICE_ACCOUNT_DIR`. */
  readonly directory?: string;
}

/** The kubeconfig when a path is given, else the cluster we run in. Throws `ClusterConfigError`. */
export function clusterConfig(kubeconfig: string | undefined, options: PodOptions): ClusterConfig {
  return kubeconfig === undefined ? inCluster(options) : fromKubeconfig(kubeconfig, options.clock);
}

function inCluster({ env, clock, directory = SERVICE_ACCOUNT_DIR }: PodOptions): ClusterConfig {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  const token = join(directory, 'token');
  if (host === '' || !existsSync(token)) {
    throw new ClusterConfigError('this is no pod with a service account; give --kubeconfig');
  }
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: readText(join(directory, 'ca.crt')),
    credentials: { token: tokenFrom(token, clock) },
  };
}

/** The current context of a kubeconfig. Throws `ClusterConfigError` for what it needs and we do not do. */
export function fromKubeconfig(path: string, clock: Clock): ClusterConfig {
  const config: unknown = parseConfig(path);
  const folder = dirname(path);
  const context = named(config, 'context', text(at(config, 'current-context')), path);
  const cluster = named(config, 'cluster', text(at(context, 'cluster')), path);
  const user = text(at(context, 'user'));
  const server = text(at(cluster, 'server'));
  if (server === '') throw new ClusterConfigError(`${path}: the cluster has no server`);
  if (at(cluster, 'insecure-skip-tls-verify') === true) {
    throw new ClusterConfigError(`${path}: insecure-skip-tls-verify is not honoured; name the CA instead`);
  }
  // Each would lead somewhere else, or as somebody else, than its owner meant.
  refuse(
    cluster,
    ['proxy-url', 'tls-server-name'],
    'reach the server directly, by a name of its certificate',
  );
  const ca = dataOrFile(cluster, 'certificate-authority', folder);
  const credentials =
    user === '' ? undefined : credentialsOf(named(config, 'user', user, path), folder, clock);
  return {
    server,
    ...(ca === undefined ? {} : { ca }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

function parseConfig(path: string): unknown {
  const content = readText(path);
  try {
    return parse(content);
  } catch (error) {
    throw new ClusterConfigError(`${path} is not valid YAML`, { cause: error });
  }
}

function credentialsOf(user: unknown, folder: string, clock: Clock): Credentials | undefined {
  refuse(user, ['as', 'as-uid', 'as-groups', 'as-user-extra'], 'use credentials of whom you act as');
  const token = text(at(user, 'token'));
  const tokenFile = text(at(user, 'tokenFile'));
  if (tokenFile !== '') return { token: tokenFrom(resolved(folder, tokenFile), clock) };
  if (token !== '') return { token };
  const cert = dataOrFile(user, 'client-certificate', folder);
  const key = dataOrFile(user, 'client-key', folder);
  if (cert !== undefined && key !== undefined) return { cert, key };
  refuse(user, ['exec', 'auth-provider', 'username'], 'use a token or a certificate');
  return undefined;
}

/** Throws when one of the fields says something. */
function refuse(value: unknown, fields: readonly string[], instead: string): void {
  for (const field of fields) {
    const said = at(value, field);
    if (said === undefined || said === null || said === '') continue;
    throw new ClusterConfigError(`a kubeconfig with "${field}" is not supported; ${instead}`);
  }
}

/** Read again when what is known is older than 10 s; while the file cannot be read the last token is used. */
function tokenFrom(file: string, clock: Clock): () => Promise<string> {
  let known = '';
  let readMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (clock.now() - readMs < TOKEN_FILE_MS) return known;
    try {
      known = (await readFile(file, 'utf8')).trim();
      readMs = clock.now();
    } catch (error) {
      if (known === '')
        throw new ClusterConfigError(`the token file ${file} cannot be read`, { cause: error });
    }
    return known;
  };
}

/** source: the lists of a kubeconfig are plural, what each entry holds is singular. */
function named(config: unknown, what: 'cluster' | 'context' | 'user', name: string, path: string): unknown {
  const entries: unknown = at(config, `${what}s`);
  const entry = Array.isArray(entries)
    ? entries.find((one: unknown) => isObject(one) && one['name'] === name)
    : undefined;
  const value: unknown = at(entry, what);
  if (value === undefined) throw new ClusterConfigError(`${path}: there is no ${what} "${name}"`);
  return value;
}

function dataOrFile(value: unknown, field: string, folder: string): string | undefined {
  const data = text(at(value, `${field}-data`));
  if (data !== '') return Buffer.from(data, 'base64').toString('utf8');
  const file = text(at(value, field));
  return file === '' ? undefined : readText(resolved(folder, file));
}

const resolved = (folder: string, file: string): string => (isAbsolute(file) ? file : join(folder, file));

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ClusterConfigError(`${file} cannot be read`, { cause: error });
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
