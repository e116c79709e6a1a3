/**
 * Names of OpenAPI definitions. Dotted identifiers only: a `/` in a name broke other servers' clients.
 *
 * Our groups use copies of the metadata types under our own prefix, so that the documents of the host cluster and
 * ours can be merged without renaming. Native kinds of the embedded plane use the upstream names that kubectl knows.
 */
import { GROUP_SUFFIX, type Kind } from '../../api/kind.ts';

export type Origin = Kind['origin'];
export type MetaType = 'ObjectMeta' | 'ListMeta' | 'DeleteOptions' | 'Patch' | 'Status';

const reversed = (group: string): string => group.split('.').reverse().join('.');
const OWN_PREFIX = reversed(GROUP_SUFFIX);

/** Name of the definition of a kind, such as `dev.polder.data.v1alpha1.Depot` or `io.k8s.api.core.v1.Pod`. */
export function kindName(kind: Pick<Kind, 'group' | 'version' | 'kind' | 'origin'>): string {
  if (kind.origin === 'own') return `${reversed(kind.group)}.${kind.version}.${kind.kind}`;
  const group = kind.group === '' ? 'core' : (kind.group.split('.', 1)[0] ?? kind.group);
  return `io.k8s.api.${group}.${kind.version}.${kind.kind}`;
}

export function listName(kind: Pick<Kind, 'group' | 'version' | 'listKind' | 'origin'>): string {
  return kindName({ ...kind, kind: kind.listKind });
}

export function metaName(origin: Origin, type: MetaType): string {
  const prefix = origin === 'own' ? `${OWN_PREFIX}.meta.v1` : 'io.k8s.apimachinery.pkg.apis.meta.v1';
  return `${prefix}.${type}`;
}

/** `autoscaling/v1 Scale`, which `/scale` speaks. */
export function scaleName(origin: Origin): string {
  return origin === 'own' ? `${OWN_PREFIX}.autoscaling.v1.Scale` : 'io.k8s.api.autoscaling.v1.Scale';
}

/** `apis/<group>/<version>`, or `api/v1` for the core group: the key in the v3 index and the prefix of every path. */
export function groupVersionPath(of: Pick<Kind, 'group' | 'version'>): string {
  return of.group === '' ? `api/${of.version}` : `apis/${of.group}/${of.version}`;
}
