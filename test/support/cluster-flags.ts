/** The command lines of a test control plane on loopback addresses. */
import { join } from 'node:path';

interface EtcdFlags {
  readonly dir: string;
  readonly url: string;
  readonly peerUrl: string;
  readonly unsafeNoFsync?: boolean;
}

export function etcdArgs({ dir, url, peerUrl, unsafeNoFsync = true }: EtcdFlags): readonly string[] {
  return [
    '--name=test',
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=test=${peerUrl}`,
    '--log-level=warn',
    ...(unsafeNoFsync ? ['--unsafe-no-fsync'] : []),
  ];
}

interface ApiServerFlags {
  readonly dir: string;
  readonly port: number;
  readonly etcdUrl: string;
}

/**
 * The aggregator resolves Services itself, not their endpoints: nothing here runs kube-proxy, and a Service of type
 * ExternalName for `localhost` is how it reaches an aggregated server or a webhook on this machine.
 */
export function apiServerArgs({ dir, port, etcdUrl }: ApiServerFlags): readonly string[] {
  const file = (name: string): string => join(dir, name);
  return [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--tls-cert-file=${file('apiserver.crt')}`,
    `--tls-private-key-file=${file('apiserver.key')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('service-account.pub')}`,
    `--service-account-signing-key-file=${file('service-account.key')}`,
    '--authorization-mode=RBAC',
    `--client-ca-file=${file('ca.crt')}`,
    `--token-auth-file=${file('tokens.csv')}`,
    `--requestheader-client-ca-file=${file('front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-uid-headers=X-Remote-Uid',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${file('front-proxy.crt')}`,
    `--proxy-client-key-file=${file('front-proxy.key')}`,
    '--enable-aggregator-routing=false',
    `--audit-policy-file=${file('audit-policy.json')}`,
    `--audit-log-path=${file('audit.log')}`,
    // Tests are burstier than the people that the default limits are meant for.
    '--max-requests-inflight=2000',
    '--max-mutating-requests-inflight=1000',
    '--profiling=false',
  ];
}

const CONTROLLERS = [
  'namespace-controller',
  'garbage-collector-controller',
  'resourcequota-controller',
  'serviceaccount-controller',
  'clusterrole-aggregation-controller',
  'root-ca-certificate-publisher-controller',
];

/** Each controller acts as its own service account, as in real clusters, so it has the rights it has there. */
export function controllerManagerArgs(dir: string, kubeconfig: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--controllers=${CONTROLLERS.join(',')}`,
    '--use-service-account-credentials=true',
    `--root-ca-file=${join(dir, 'ca.crt')}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--profiling=false',
    '--kube-api-qps=200',
    '--kube-api-burst=400',
  ];
}
