/**
 * Every Secret and ServiceAccount that a pod names. One table, so that no form of reference is forgotten.
 * source: core/v1 PodSpec; CVE-2024-3177 was one forgotten path.
 */
import type { JsonObject } from '../../api/json.ts';
import { CONTAINER_LISTS, placesAt } from './pods.ts';

export interface NamedObject {
  /** Below the pod's spec, with list positions. */
  readonly path: string;
  readonly name: string;
}

const IN_CONTAINERS = ['env[].valueFrom.secretKeyRef.name', 'envFrom[].secretRef.name'];

/** Below the spec of a pod. */
export const SECRET_PATHS: readonly string[] = [
  ...CONTAINER_LISTS.flatMap((list) => IN_CONTAINERS.map((path) => `${list}[].${path}`)),
  'imagePullSecrets[].name',
  'volumes[].secret.secretName',
  'volumes[].projected.sources[].secret.name',
  'volumes[].csi.nodePublishSecretRef.name',
  'volumes[].azureFile.secretName',
  'volumes[].cephfs.secretRef.name',
  'volumes[].cinder.secretRef.name',
  'volumes[].rbd.secretRef.name',
  'volumes[].iscsi.secretRef.name',
  'volumes[].flexVolume.secretRef.name',
  'volumes[].scaleIO.secretRef.name',
  'volumes[].storageos.secretRef.name',
];

export const secretsOf = (spec: JsonObject): readonly NamedObject[] => named(spec, SECRET_PATHS);

/** The deprecated field too: a client may set it alone. */
export const serviceAccountsOf = (spec: JsonObject): readonly NamedObject[] =>
  named(spec, ['serviceAccountName', 'serviceAccount']);

function named(spec: JsonObject, paths: readonly string[]): readonly NamedObject[] {
  return paths.flatMap((field) =>
    placesAt(spec, field).flatMap(({ path, value }) =>
      typeof value === 'string' && value !== '' ? [{ path, name: value }] : [],
    ),
  );
}
