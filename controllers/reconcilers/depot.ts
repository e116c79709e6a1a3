/** Depot: are its credentials there, and is the data cluster whose service it is? */
import { Credential } from '../../apiserver/kinds/credential.ts';
import { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { Depot } from '../../apiserver/kinds/depot.ts';
import { isTerminating } from './core/commit.ts';
import { no, summarise, unknown, yes, type Finding } from './core/conditions.ts';
import type { Reconciler, ReconcilerDeps } from './core/reconciler.ts';
import { createStatusReconciler, onReferenced, type Conclusion } from './core/status-reconciler.ts';

export function createDepotReconciler({ informers }: ReconcilerDeps): Reconciler {
  const depots = informers.of(Depot);
  const credentials = informers.of(Credential);
  const clusters = informers.of(DataCluster);
  return createStatusReconciler({
    name: 'depot',
    objects: depots,
    triggers: [
      onReferenced(depots, credentials, (depot, name) => ownCredentials(depot).includes(name)),
      onReferenced(depots, clusters, (depot, name) => depot.spec.dataClusterRef === name),
    ],
    conclude: (depot) => {
      const { namespace } = depot.metadata;
      const missing = ownCredentials(depot).filter(
        (name) => credentials.get({ namespace, name }) === undefined,
      );
      const { dataClusterRef } = depot.spec;
      const hasCluster =
        dataClusterRef === undefined || clusters.get({ namespace, name: dataClusterRef }) !== undefined;
      return describeDepot(depot, missing, hasCluster);
    },
  });
}

/** Those of other tenants are decided by their policies each time they are used, and say nothing here. */
const ownCredentials = ({ spec }: Depot): readonly string[] =>
  (spec.credentials ?? []).filter(({ ref }) => ref.tenant === undefined).map(({ ref }) => ref.name);

export function describeDepot(
  depot: Depot,
  missing: readonly string[],
  hasCluster: boolean,
): Conclusion<NonNullable<Depot['status']>> {
  const resolved =
    missing.length === 0
      ? yes('Resolved')
      : no('CredentialNotFound', `credentials do not exist: ${missing.join(', ')}`);
  const place = hasCluster
    ? yes('Found')
    : no('DataClusterNotFound', `data cluster "${depot.spec.dataClusterRef ?? ''}" does not exist`);
  const ready = summarise({ CredentialResolved: resolved, DataCluster: place });
  const phase = ready.status === 'True' ? 'Active' : 'Creating';
  return {
    conditions: { CredentialResolved: resolved, Reachable: reachability(depot), Ready: ready },
    fields: {
      phase: isTerminating(depot) ? 'Deleted' : phase,
      datasets: depot.spec.datasets?.length ?? 0,
    },
  };
}

/** Only the plane can try, so nothing is known until it has reported. */
function reachability({ status }: Depot): Finding {
  const seen = status?.reachable;
  if (seen === undefined) return unknown('NotChecked', 'the data plane has not tried to reach it');
  return seen.error === undefined ? yes('Reached') : no('NotReached', seen.error);
}
