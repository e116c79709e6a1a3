/** Native objects in a tenant's namespace, and the controllers of a cluster that make some of them. */
import type { JsonObject } from '../../apiserver/api/json.ts';
import { user } from './policy.ts';

export const NS = 'tn-acme';
/** A pod with one container. */
export const pod = (spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: NS, ...metadata },
  spec: { containers: [{ name: 'main', image: 'registry.example/app:1' }], ...spec },
});
/** A workload `w` that makes such pods. */
export const template = (
  kind: string,
  apiVersion: string,
  spec: JsonObject,
  metadata: JsonObject = {},
): JsonObject => ({
  apiVersion,
  kind,
  metadata: { name: 'w', namespace: NS },
  spec: { template: { metadata, spec: { containers: [{ name: 'main', image: 'a:1' }], ...spec } } },
});
/** A controller of kube-controller-manager, by the name of its service account. */
export const kcm = (name: string): ReturnType<typeof user> =>
  user(
    `system:serviceaccount:kube-system:${name}`,
    'system:serviceaccounts',
    'system:serviceaccounts:kube-system',
  );
