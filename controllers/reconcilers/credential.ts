/** Credential: are its values safe at rest, and which planes hold them? The values themselves are never seen here. */
import { Credential } from '../../apiserver/kinds/credential.ts';
import { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { no, unknown, yes, type Finding } from './core/conditions.ts';
import type { Reconciler, ReconcilerDeps } from './core/reconciler.ts';
import { createStatusReconciler, onReferenced, type Conclusion } from './core/status-reconciler.ts';

export function createCredentialReconciler({ informers }: ReconcilerDeps): Reconciler {
  const credentials = informers.of(Credential);
  const clusters = informers.of(DataCluster);
  return createStatusReconciler({
    name: 'credential',
    objects: credentials,
    triggers: [
      onReferenced(credentials, clusters, (credential, name) => targetsOf(credential).includes(name)),
    ],
    conclude: (credential) => {
      const { namespace } = credential.metadata;
      const planes = targetsOf(credential)
        .map((name) => clusters.get({ namespace, name })?.spec.dataPlaneRef)
        .filter((plane) => plane !== undefined);
      return describeCredential(credential, [...new Set(planes)].sort());
    },
  });
}

const targetsOf = ({ spec }: Credential): readonly string[] =>
  (spec.targets ?? []).map(({ dataClusterRef }) => dataClusterRef);

type Status = NonNullable<Credential['status']>;
type Presence = NonNullable<Status['presence']>[number];

export function describeCredential(credential: Credential, planes: readonly string[]): Conclusion<Status> {
  // What planes report stays; a plane that has not reported yet is Unknown, one that is no target is left out.
  const reported = new Map((credential.status?.presence ?? []).map((each) => [each.plane, each]));
  const presence = planes.map((plane): Presence => reported.get(plane) ?? { plane, state: 'Unknown' });
  const overall = overallOf(presence);
  return {
    conditions: { Sealed: sealing(credential), Delivered: delivery(overall) },
    fields: { presence: presence.length === 0 ? undefined : presence, overall },
  };
}

function sealing({ spec }: Credential): Finding {
  switch (spec.source) {
    case 'Generated':
      return yes('MadeOnThePlane', 'the values are made on the data plane and never leave it');
    case 'External':
      return yes('KeptElsewhere', 'only the place of the values is known here');
    case 'Inline':
    case 'Sealed':
      return spec.sealed === undefined
        ? no('NothingSealed', 'there is no sealed value; apply it again with stringData')
        : yes('Sealed');
    default:
      return spec.source satisfies never;
  }
}

export function overallOf(presence: readonly Presence[]): NonNullable<Status['overall']> {
  const present = presence.filter(({ state }) => state === 'Present').length;
  if (present > 0) return present === presence.length ? 'FullyPresent' : 'PartiallyPresent';
  const isKnown = presence.some(({ state }) => state !== 'Unknown');
  return isKnown ? 'NotPresent' : 'Unknown';
}

function delivery(overall: NonNullable<Status['overall']>): Finding {
  switch (overall) {
    case 'FullyPresent':
      return yes('FullyPresent');
    case 'PartiallyPresent':
    case 'NotPresent':
      return no(overall, 'status.presence says which planes lack it');
    case 'Unknown':
      return unknown('NotReported', 'no data plane has reported on it');
    default:
      return overall satisfies never;
  }
}
