/** Which programs in Go the tests run, Kubernetes' and our own, and the Go module below this folder that pins each one's version. */

export interface Program {
  readonly name: string;
  /** Folder beside this file with go.mod and go.sum. */
  readonly module: string;
  /** Go package of its `main`; `.` for one of our own in the module's folder. */
  readonly package: string;
  /** Pins other versions than go.mod; there is a `.sum` beside it. */
  readonly modFile?: string;
  /** Variables that `-ldflags -X` sets. */
  readonly variables: Readonly<Record<string, string>>;
  /** Only built when asked for by name. */
  readonly onRequest: boolean;
}

export const KUBERNETES_VERSION = 'v1.36.3';

/** Without these a program built from its module says v0.0.0. */
function kubernetesVersion(): Readonly<Record<string, string>> {
  const [major = '', minor = ''] = KUBERNETES_VERSION.slice(1).split('.');
  const variables = {
    gitVersion: KUBERNETES_VERSION,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
  };
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  const entries = packages.flatMap((folder) =>
    Object.entries(variables).map(([name, value]) => [`${folder}.${name}`, value] as const),
  );
  return Object.fromEntries(entries);
}

function kubernetes(name: string): Program {
  return {
    name,
    module: 'kubernetes',
    package: `k8s.io/kubernetes/cmd/${name}`,
    variables: kubernetesVersion(),
    onRequest: false,
  };
}

/** A program of ours over a client library, below `clients`. */
function client(name: string, modFile?: string): Program {
  const module = `clients/${name}`;
  const variant = modFile === undefined ? name : `${name}-${modFile.replace(/^go-|\.mod$/g, '')}`;
  const program = { name: `client-${variant}`, module, package: '.', variables: {}, onRequest: true };
  return modFile === undefined ? program : { ...program, modFile };
}

/** In the order in which they are built: what most waits for comes first. */
export const PROGRAMS: readonly Program[] = [
  { name: 'etcd', module: 'etcd', package: 'go.etcd.io/etcd/server/v3', variables: {}, onRequest: false },
  kubernetes('kube-apiserver'),
  kubernetes('kubectl'),
  kubernetes('kube-controller-manager'),
  kubernetes('kube-scheduler'),
  { name: 'oracle', module: 'oracle', package: '.', variables: {}, onRequest: false },
  { name: 'kind', module: 'kind', package: 'sigs.k8s.io/kind', variables: {}, onRequest: true },
  { name: 'helm', module: 'helm', package: 'helm.sh/helm/v4/cmd/helm', variables: {}, onRequest: true },
  client('informers'),
  client('informers', 'go-0.31.mod'),
  client('controller'),
  client('flux'),
  client('argocd'),
];

/** Throws for a name that is not in the table. */
export function programNamed(name: string): Program {
  const program = PROGRAMS.find((candidate) => candidate.name === name);
  if (program === undefined) {
    throw new Error(`no program ${name}; there are ${PROGRAMS.map((each) => each.name).join(', ')}`);
  }
  return program;
}
