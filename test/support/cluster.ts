/** A real Kubernetes control plane of its own for a suite: etcd, kube-apiserver and kube-controller-manager. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool } from '../../hack/tools/find.ts';
import { apiServerArgs, controllerManagerArgs, etcdArgs } from './cluster-flags.ts';
import { createKeeper, type Keeper } from './cluster-keeper.ts';
import { createPart, type Part, type PartOptions } from './cluster-part.ts';
import { createClusterPki, type ClusterPki, type ClusterUser } from './cluster-pki.ts';
import { freePorts } from './free-port.ts';
import { run, type KubectlOptions, type Output } from './polder.ts';

export interface ClusterOptions {
  /** Static bearer tokens, beside the administrator's. */
  readonly tokens?: Readonly<Record<string, ClusterUser>>;
  /** More flags; the last of two equal ones counts, lists are joined. */
  readonly apiServerArgs?: readonly string[];
  readonly controllerManagerArgs?: readonly string[];
  /** Default true: writes survive a kill of the process, not a crash of the machine. */
  readonly unsafeNoFsync?: boolean;
  /** Level of the audit log. Default `Metadata`. */
  readonly audit?: 'None' | 'Metadata' | 'Request' | 'RequestResponse';
  /** Default true. */
  readonly controllerManager?: boolean;
}

export type PartName = 'etcd' | 'apiServer' | 'controllerManager';

export interface Cluster {
  readonly dir: string;
  readonly url: string;
  readonly etcdUrl: string;
  /** PEM of the CA that signed the server's and every client's certificate. */
  readonly ca: string;
  /** Path of a kubeconfig in `system:masters`. */
  readonly kubeconfig: string;
  /** Bearer token of the same administrator. */
  readonly adminToken: string;
  readonly pki: ClusterPki;
  /** Paths. The log files of the parts hold everything they wrote to standard output and standard error. */
  readonly files: {
    readonly audit: string;
    readonly log: Readonly<Record<PartName, string>>;
    /** PEM of the CA, and of the CA, certificate and key that kube-apiserver shows to aggregated servers. */
    readonly ca: string;
    readonly frontProxyCa: string;
    readonly frontProxyCert: string;
    readonly frontProxyKey: string;
  };
  /** Issues a client certificate and returns the path of its kubeconfig. */
  user(name: string, ...groups: readonly string[]): Promise<string>;
  /** Runs kubectl as the administrator, or with the kubeconfig of `as`. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<Output>;
  /** As `kubectl`, but fails unless the exit code is 0; standard output without the last newline. */
  ok(args: readonly string[], options?: KubectlOptions): Promise<string>;
  /** Stops one part and resolves when its process is gone. Default signal SIGTERM. */
  stop(part: PartName, signal?: NodeJS.Signals): Promise<void>;
  /** Starts a stopped part again, on the same port and data, and resolves when it is ready. */
  start(part: PartName): Promise<void>;
  /** One more program that lives no longer than the cluster; not started. Its log is `<name>.log` in `dir`. */
  add(name: string, options: Pick<PartOptions, 'program' | 'args' | 'env' | 'ready'>): Part;
  /** Stops everything and removes the directory. */
  close(): Promise<void>;
}

/** Two runs may pick the same port between looking and listening. */
const ATTEMPTS = 3;

/** Rejects when a part does not become ready within 30 s; whatever had been started is stopped then. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (attempt === ATTEMPTS || !/address already in use/.test(String(error))) throw error;
    }
  }
}

async function startOnce(options: ClusterOptions): Promise<Cluster> {
  const dir = mkdtempSync(join(tmpdir(), 'polder-cluster-'));
  const keeper = createKeeper(dir);
  try {
    return await assemble(dir, keeper, options);
  } catch (error) {
    await keeper.close();
    throw error;
  }
}

async function assemble(dir: string, keeper: Keeper, options: ClusterOptions): Promise<Cluster> {
  const [etcdPort, peerPort, port] = await freePorts(3);
  const url = `https://127.0.0.1:${port}`;
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const pki = await createClusterPki(dir, url, options.tokens ?? {});
  writeFileSync(join(dir, 'audit-policy.json'), auditPolicy(options.audit ?? 'Metadata'));
  const { kubeconfig } = await pki.client('admin', ['system:masters']);
  const manager = await pki.client('system:kube-controller-manager', []);
  const ready = { url, token: pki.adminToken, ca: pki.ca };
  const parts: Readonly<Record<PartName, Part>> = {
    etcd: createPart({
      program: 'etcd',
      args: etcdArgs({ dir, url: etcdUrl, peerUrl: `http://127.0.0.1:${peerPort}`, ...options }),
      log: join(dir, 'etcd.log'),
      ready: { url: `${etcdUrl}/readyz` },
      keeper,
    }),
    apiServer: createPart({
      program: 'kube-apiserver',
      args: [...apiServerArgs({ dir, port, etcdUrl }), ...(options.apiServerArgs ?? [])],
      log: join(dir, 'apiserver.log'),
      ready: { ...ready, url: `${url}/readyz` },
      keeper,
    }),
    controllerManager: createPart({
      program: 'kube-controller-manager',
      args: [...controllerManagerArgs(dir, manager.kubeconfig), ...(options.controllerManagerArgs ?? [])],
      log: join(dir, 'controller-manager.log'),
      // The serviceaccount controller runs: so does the rest.
      ready: { ...ready, url: `${url}/api/v1/namespaces/default/serviceaccounts/default` },
      keeper,
    }),
  };
  await parts.etcd.start();
  await parts.apiServer.start();
  if (options.controllerManager !== false) await parts.controllerManager.start();
  return face({ dir, url, etcdUrl, pki, kubeconfig, parts, keeper });
}

interface Assembly {
  readonly dir: string;
  readonly url: string;
  readonly etcdUrl: string;
  readonly pki: ClusterPki;
  readonly kubeconfig: string;
  readonly parts: Readonly<Record<PartName, Part>>;
  readonly keeper: Keeper;
}

function face({ dir, url, etcdUrl, pki, kubeconfig, parts, keeper }: Assembly): Cluster {
  const added: Part[] = [];
  const kubectl: Cluster['kubectl'] = (args, how = {}) =>
    run(findTool('kubectl') ?? 'kubectl', args, {
      ...how,
      env: { KUBECONFIG: how.as ?? kubeconfig, KUBECACHEDIR: join(dir, 'kubectl-cache'), ...how.env },
    });
  return {
    dir,
    url,
    etcdUrl,
    ca: pki.ca,
    kubeconfig,
    adminToken: pki.adminToken,
    pki,
    files: {
      audit: join(dir, 'audit.log'),
      log: {
        etcd: parts.etcd.log,
        apiServer: parts.apiServer.log,
        controllerManager: parts.controllerManager.log,
      },
      ca: join(dir, 'ca.crt'),
      frontProxyCa: join(dir, 'front-proxy-ca.crt'),
      frontProxyCert: join(dir, 'front-proxy.crt'),
      frontProxyKey: join(dir, 'front-proxy.key'),
    },
    user: async (name, ...groups) => (await pki.client(name, groups)).kubeconfig,
    kubectl,
    ok: async (args, how) => {
      const { code, stdout, stderr } = await kubectl(args, how);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')} exited with ${code}:\n${stdout}${stderr}`);
      return stdout.replace(/\n$/, '');
    },
    stop: (part, signal) => parts[part].stop(signal),
    start: (part) => parts[part].start(),
    add: (name, options) => {
      const part = createPart({ ...options, log: join(dir, `${name}.log`), keeper });
      added.push(part);
      return part;
    },
    close: async () => {
      // Nothing outlives the suite, so nobody has to be asked politely.
      const all = [...added, ...Object.values(parts)];
      await Promise.all(all.map((part) => part.stop('SIGKILL')));
      await keeper.close();
    },
  };
}

function auditPolicy(level: string): string {
  return JSON.stringify({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level }],
  });
}
