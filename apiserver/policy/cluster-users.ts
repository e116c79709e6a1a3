/** The identities that a Kubernetes cluster itself acts under; they carry out what was decided about others before. */
import type { UserInfo } from '../api/identity.ts';

export const CLUSTER_PROGRAMS: readonly string[] = [
  'system:apiserver',
  'system:kube-controller-manager',
  'system:kube-scheduler',
  'system:cloud-controller-manager',
];
const PROGRAMS: ReadonlySet<string> = new Set(CLUSTER_PROGRAMS);
/** The controllers of kube-controller-manager, each under its own account. */
export const CLUSTER_ACCOUNTS = 'system:serviceaccount:kube-system:';
const NODE = 'system:node:';

/** Only on a host cluster, whose API server gives these names out to nobody else. */
export const isClusterProgram = ({ name, groups }: UserInfo): boolean =>
  PROGRAMS.has(name) ||
  (name.startsWith(CLUSTER_ACCOUNTS) && name.length > CLUSTER_ACCOUNTS.length) ||
  (name.startsWith(NODE) && groups.includes('system:nodes'));
