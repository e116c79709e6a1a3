/**
 * Whom the host cluster trusts to say who is asking: its client CA and its front proxy, from the ConfigMap that
 * kube-apiserver publishes for aggregated servers. Followed, so that rotated CAs take effect without a restart.
 * source: kubernetes/apiserver pkg/server/dynamiccertificates, pkg/server/options/authentication.go
 */
import type { Client } from '../client/client.ts';
import { createInformer } from '../client/informer.ts';
import type { RequestHeaderConfig } from '../http/authentication/front-proxy.ts';
import { ConfigMap } from '../kinds/native/config-map.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';

export interface HostAuthentication {
  /** PEM; empty where the cluster knows no client certificates. */
  readonly clientCa: string;
  readonly proxy: RequestHeaderConfig | undefined;
}

export interface AuthenticationConfig {
  start(): void;
  /** Undefined when a front proxy is known; else why not. */
  problem(): string | undefined;
  close(): Promise<void>;
}

const NAMESPACE = 'kube-system';
const NAME = 'extension-apiserver-authentication';

export function followAuthenticationConfig(deps: {
  readonly client: Pick<Client, 'list' | 'watch'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Throws when it cannot be used; the last good one then stays in force. */
  readonly use: (config: HostAuthentication) => void;
}): AuthenticationConfig {
  const { client, clock, log } = deps;
  const informer = createInformer(ConfigMap, {
    client,
    clock,
    log,
    namespace: NAMESPACE,
    fieldSelector: `metadata.name=${NAME}`,
  });
  const unread = `ConfigMap ${NAMESPACE}/${NAME} has not been read yet`;
  let problem: string | undefined = unread;
  informer.onChange(({ type, object }) => {
    // Without the ConfigMap nothing new is known; whom we trusted stays trusted.
    if (type === 'deleted') return;
    try {
      const config = readAuthentication(object.data ?? {});
      deps.use(config);
      problem =
        config.proxy === undefined ? `ConfigMap ${NAMESPACE}/${NAME} names no requestheader CA` : undefined;
      log.info('authentication configuration of the host cluster read', {
        proxy: config.proxy !== undefined,
      });
    } catch (error) {
      log.error('authentication configuration of the host cluster cannot be used', { error });
      if (problem === unread) problem = `ConfigMap ${NAMESPACE}/${NAME} cannot be used`;
    }
  });
  return {
    start: () => informer.start(),
    problem: () => problem,
    close: () => informer.close(),
  };
}

/** Throws when a list is not JSON. */
export function readAuthentication(data: Readonly<Record<string, string>>): HostAuthentication {
  const value = (key: string): string => (Object.hasOwn(data, key) ? (data[key] ?? '') : '');
  const list = (key: string): readonly string[] => readList(key, value(key));
  const authorities = value('requestheader-client-ca-file');
  return {
    clientCa: value('client-ca-file'),
    proxy:
      authorities.trim() === ''
        ? undefined
        : {
            authorities,
            allowedNames: list('requestheader-allowed-names'),
            usernameHeaders: list('requestheader-username-headers'),
            uidHeaders: list('requestheader-uid-headers'),
            groupHeaders: list('requestheader-group-headers'),
            extraPrefixes: list('requestheader-extra-headers-prefix'),
          },
  };
}

function readList(key: string, text: string): readonly string[] {
  if (text === '') return [];
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list) || !list.every((one): one is string => typeof one === 'string')) {
    throw new Error(`${key} is not a list of strings`);
  }
  return list;
}
