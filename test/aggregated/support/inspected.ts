/** A platform whose callers and logs are looked at closely: connections past the aggregator, and both audit logs. */
import type { KeyPair } from '../../../apiserver/runtime/certificates.ts';
import { createApi, type Api, type Credentials } from '../../contract/support/api.ts';
import { CHECKS, createTenant } from '../../contract/support/server.ts';
import type { Cluster } from '../../support/cluster.ts';
import type { Json } from '../../support/http.ts';
import { auditLog, type AuditLog } from './audit.ts';
import { startPlatform, type Platform } from './platform.ts';

export interface Inspected {
  readonly platform: Platform;
  readonly cluster: Cluster;
  /** PEM of what `polder apiserver` signs its own certificate with. */
  readonly bundle: string;
  /** Of kube-apiserver, with the bodies of requests; and of `polder apiserver`. */
  readonly hostAudit: AuditLog;
  readonly ownAudit: AuditLog;
  /** Straight to `polder apiserver`: as the front proxy, and without any certificate. */
  readonly proxy: Api;
  readonly nobody: Api;
  /** Through the aggregator; may do everything, also in the tenant `a`. */
  readonly root: Api;
  open(url: string, credentials: Credentials): Api;
  /** Straight to `polder apiserver`. */
  direct(pair: KeyPair): Api;
  /** How many requests of one kind the host got whose body satisfies. */
  reviews(resource: string, wanted: (spec: Json) => boolean): number;
  close(): Promise<void>;
}

/** Of the host; `<name>-token-of-the-host` each. */
const NAMES = ['jane', 'kim', 'bo'];
const tokenOf = (name: string): string => `${name}-token-of-the-host`;
export const bearer = (name: string): Record<string, string> => ({
  authorization: `Bearer ${tokenOf(name)}`,
});

/** Identity headers as the front proxy sends them. */
export const as = (
  name: string,
  ...groups: readonly string[]
): Record<string, string | readonly string[]> => ({ 'X-Remote-User': name, 'X-Remote-Group': groups });

export async function startInspected(): Promise<Inspected> {
  const tokens = Object.fromEntries(NAMES.map((name) => [tokenOf(name), { name }]));
  const platform = await startPlatform({ tokens, audit: 'Request' });
  const { cluster } = platform;
  const url = `https://127.0.0.1:${platform.ports.apiserver}`;
  const path = '-o=jsonpath={.data.ca\\.crt}';
  const bundle = await cluster.ok(['get', 'configmap', '-n', 'polder-system', 'polder-ca', path]);
  const apis: Api[] = [];
  const open = (at: string, credentials: Credentials): Api => {
    const api = createApi(at, credentials);
    apis.push(api);
    return api;
  };
  const direct = ({ cert, key }: KeyPair): Api => open(url, { ca: bundle, cert, key });
  const rootPair = await cluster.pki.client('root', ['system:masters', CHECKS]);
  const root = open(cluster.url, { ca: cluster.ca, cert: rootPair.cert, key: rootPair.key });
  const hostAudit = auditLog(cluster.files.audit);
  // RBAC decides here as well: nobody is let through to our kinds who was not named.
  await cluster.ok(['delete', 'clusterrolebinding', 'polder-users']);
  await createTenant(root, 'a');
  return {
    platform,
    cluster,
    bundle,
    hostAudit,
    ownAudit: auditLog(platform.audit),
    proxy: direct(cluster.pki.frontProxy),
    nobody: open(url, { ca: bundle }),
    root,
    open,
    direct,
    reviews: (resource, wanted) =>
      hostAudit
        .read()
        .filter((record) => record.objectRef?.resource === resource && wanted(record.requestObject?.spec))
        .length,
    close: async () => {
      for (const api of apis) api.agent.destroy();
      await platform.close();
    },
  };
}
