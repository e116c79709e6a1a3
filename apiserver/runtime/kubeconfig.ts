/** Writes a kubeconfig for one user of one server. JSON string literals are valid YAML scalars. */
export interface KubeconfigOptions {
  /** Name of cluster and context as shown by `kubectl config`. */
  readonly cluster: string;
  readonly user: string;
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly namespace?: string;
}

export function kubeconfig(options: KubeconfigOptions): string {
  const text = (value: string): string => JSON.stringify(value);
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
  const context = `${options.user}@${options.cluster}`;
  return [
    'apiVersion: v1',
    'kind: Config',
    `current-context: ${text(context)}`,
    'clusters:',
    `- name: ${text(options.cluster)}`,
    '  cluster:',
    `    server: ${text(options.server)}`,
    `    certificate-authority-data: ${base64(options.ca)}`,
    'users:',
    `- name: ${text(options.user)}`,
    '  user:',
    `    client-certificate-data: ${base64(options.cert)}`,
    `    client-key-data: ${base64(options.key)}`,
    'contexts:',
    `- name: ${text(context)}`,
    '  context:',
    `    cluster: ${text(options.cluster)}`,
    `    user: ${text(options.user)}`,
    ...(options.namespace === undefined ? [] : [`    namespace: ${text(options.namespace)}`]),
    '',
  ].join('\n');
}
