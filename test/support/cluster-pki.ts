/** Certificates, tokens and kubeconfigs of a test control plane, made in this process. */
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createAuthority,
  issue,
  type Authority,
  type KeyPair,
} from '../../apiserver/runtime/certificates.ts';
import { kubeconfig } from '../../apiserver/runtime/kubeconfig.ts';

export interface ClusterUser {
  readonly name: string;
  readonly groups?: readonly string[];
}

export interface Client extends KeyPair {
  /** Path. */
  readonly kubeconfig: string;
}

export interface ClusterPki {
  /** PEM. */
  readonly ca: string;
  readonly adminToken: string;
  /** Signs client certificates and the server's own. */
  readonly authority: Authority;
  /** Signs what kube-apiserver shows to aggregated servers. */
  readonly frontProxyAuthority: Authority;
  readonly frontProxy: KeyPair;
  /** Issues a client certificate and writes a kubeconfig with it. */
  client(name: string, groups: readonly string[]): Promise<Client>;
}

const VALID_MS = 24 * 3_600_000;

/** Writes the files that the flags name into `dir`. */
export async function createClusterPki(
  dir: string,
  url: string,
  tokens: Readonly<Record<string, ClusterUser>>,
): Promise<ClusterPki> {
  const now = Date.now();
  const common = { validForMs: VALID_MS, now };
  const [authority, frontProxyAuthority] = await Promise.all([
    createAuthority({ commonName: 'kubernetes', ...common }),
    createAuthority({ commonName: 'kubernetes-front-proxy-ca', ...common }),
  ]);
  const [server, frontProxy] = await Promise.all([
    issue(authority, {
      commonName: 'kube-apiserver',
      subjectAltNames: SERVER_NAMES,
      usage: 'server',
      ...common,
    }),
    issue(frontProxyAuthority, { commonName: 'front-proxy-client', usage: 'client', ...common }),
  ]);
  const serviceAccount = newKey();
  const adminToken = randomBytes(24).toString('hex');
  const write = (name: string, text: string): void => writeFileSync(join(dir, name), text, { mode: 0o600 });
  write('ca.crt', authority.cert);
  write('apiserver.crt', server.cert);
  write('apiserver.key', server.key);
  write('service-account.key', serviceAccount);
  write('service-account.pub', publicOf(serviceAccount));
  write('front-proxy-ca.crt', frontProxyAuthority.cert);
  write('front-proxy.crt', frontProxy.cert);
  write('front-proxy.key', frontProxy.key);
  write('tokens.csv', tokenFile({ [adminToken]: { name: 'admin', groups: ['system:masters'] }, ...tokens }));
  return {
    ca: authority.cert,
    adminToken,
    authority,
    frontProxyAuthority,
    frontProxy,
    client: async (name, groups) => {
      const pair = await issue(authority, {
        commonName: name,
        organizations: groups,
        usage: 'client',
        ...common,
      });
      const file = `${encodeURIComponent([name, ...groups].join('.'))}.kubeconfig`;
      write(file, kubeconfig({ cluster: 'test', user: name, server: url, ca: authority.cert, ...pair }));
      return { ...pair, kubeconfig: join(dir, file) };
    },
  };
}

const SERVER_NAMES = [
  'localhost',
  '127.0.0.1',
  '10.0.0.1',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];

/** PEM of the key that signs service account tokens. */
function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function publicOf(key: string): string {
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
}

/** One line per token: token, user, uid and the groups in one quoted field. */
function tokenFile(tokens: Readonly<Record<string, ClusterUser>>): string {
  const lines = Object.entries(tokens).map(([token, { name, groups = [] }]) =>
    [token, name, name, groups.join(',')].map((field) => JSON.stringify(field)).join(','),
  );
  return `${lines.join('\n')}\n`;
}
