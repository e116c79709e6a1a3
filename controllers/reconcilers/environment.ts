/** Environment: ready when its data cluster is, and how many releases are bound to it. */
import { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { Environment } from '../../apiserver/kinds/environment.ts';
import { ReleaseBinding } from '../../apiserver/kinds/release-binding.ts';
import { conditionOf } from '../../apiserver/kinds/status.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import { refOf } from '../../apiserver/client/resource.ts';
import { tenantNamespace } from '../../apiserver/api/identity.ts';
import { no, yes, type Finding } from './core/conditions.ts';
import { onChange, type Reconciler, type ReconcilerDeps } from './core/reconciler.ts';
import { createStatusReconciler, onExistence } from './core/status-reconciler.ts';

export function createEnvironmentReconciler({ informers }: ReconcilerDeps): Reconciler {
  const environments = informers.of(Environment);
  const clusters = informers.of(DataCluster);
  const bindings = informers.of(ReleaseBinding);
  const tenants = informers.of(Tenant);
  const on = (namespace: string | undefined, cluster: string): readonly Environment[] =>
    environments.list(namespace).filter(({ spec }) => spec.dataClusterRef === cluster);
  return createStatusReconciler({
    name: 'environment',
    objects: environments,
    triggers: [
      onChange(clusters, ({ metadata }) => on(metadata.namespace, metadata.name).map(refOf)),
      onExistence(bindings, ({ metadata, spec }) => [
        { namespace: metadata.namespace, name: spec.environment },
      ]),
      onExistence(tenants, ({ metadata }) => environments.list(tenantNamespace(metadata.name)).map(refOf)),
    ],
    conclude: (environment) => {
      const { namespace = '', name } = environment.metadata;
      const cluster = clusters.get({ namespace, name: environment.spec.dataClusterRef });
      const tenant = tenants.get({ name: namespace.slice(tenantNamespace('').length) });
      return {
        conditions: { Ready: readiness(environment.spec.dataClusterRef, cluster) },
        fields: {
          dataPlane: cluster?.spec.dataPlaneRef,
          bindings: bindings.list(namespace).filter(({ spec }) => spec.environment === name).length,
          effectiveSettings: effectiveSettings(tenant?.spec.settings, environment.spec.settings),
        },
      };
    },
  });
}

function readiness(name: string, cluster: DataCluster | undefined): Finding {
  if (cluster === undefined) return no('DataClusterNotFound', `data cluster "${name}" does not exist`);
  const ready = conditionOf(cluster, 'Ready');
  if (ready?.status === 'True') return yes('DataClusterReady');
  return no('DataClusterNotReady', `data cluster "${name}" is not ready: ${ready?.reason ?? 'Pending'}`);
}

type Settings = Readonly<Record<string, string>>;

/** U9: the environment wins over the tenant; an empty value takes an inherited one away. */
export function effectiveSettings(tenant: Settings = {}, environment: Settings = {}): Settings | undefined {
  const merged = new Map([...Object.entries(tenant), ...Object.entries(environment)]);
  const set = [...merged].filter(([, value]) => value !== '');
  return set.length === 0 ? undefined : Object.fromEntries(set.sort(([a], [b]) => (a < b ? -1 : 1)));
}
