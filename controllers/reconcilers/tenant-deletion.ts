/**
 * Taking a tenant down in order: what uses things goes before the things, the planes confirm before the namespace
 * goes, and the finalizer goes last. source: resource model 4.3.
 */
import { ApiError } from '../../apiserver/api/errors.ts';
import { tenantNamespace } from '../../apiserver/api/identity.ts';
import type { Kind } from '../../apiserver/api/kind.ts';
import { refOf, type ApiObject, type Resource } from '../../apiserver/client/resource.ts';
import { isNotFound } from '../../apiserver/client/status.ts';
import type { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { KINDS } from '../../apiserver/kinds/index.ts';
import { Namespace } from '../../apiserver/kinds/native/namespace.ts';
import { conditionOf } from '../../apiserver/kinds/status.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import { commitStatus, hasFinalizer, isTerminating, removeFinalizer } from './core/commit.ts';
import { no, yes, type Finding } from './core/conditions.ts';
import { DONE, requeueAfter, type Outcome, type Run } from './core/reconciler.ts';
import { WAITING_FOR_DATA_PLANE } from './data-cluster-deletion.ts';
import { isNamespaceOf } from './tenant-space.ts';
import { namesOf, pendingPlanes, summariesOf } from './tenant-status.ts';

export const TENANT_FINALIZER = 'polder.dev/tenant';

/** Each stage must be empty before the next begins, unless the server says that a later one still holds on to it. */
const STAGES: readonly (readonly string[])[] = [
  ['ReleaseBinding', 'DataProductRun'],
  ['DataProduct', 'Release'],
  ['DeploymentPipeline'],
  ['Environment'],
  ['Depot', 'DataPolicy'],
  ['DataCluster'],
  ['Credential'],
];
/** Changes wake us; this is for those of kinds that we do not watch. */
const LOOK_AGAIN_MS = 2_000;

export async function finalizeTenant(
  run: Run,
  tenant: Tenant,
  clusters: readonly DataCluster[],
): Promise<Outcome> {
  if (!hasFinalizer(tenant, TENANT_FINALIZER)) {
    await reportOwnFinalizers(run, tenant);
    return DONE;
  }
  const waitFor = (await emptyStages(run, tenant)) ?? (await removeNamespace(run, tenant));
  if (waitFor === undefined) {
    await removeFinalizer(run, Tenant, tenant, TENANT_FINALIZER);
    return DONE;
  }
  const offline = clusters.filter(
    (cluster) => conditionOf(cluster, 'Deleting')?.reason === WAITING_FOR_DATA_PLANE,
  );
  const deleting: Finding =
    offline.length === 0
      ? yes(waitFor.reason, waitFor.message)
      : yes(WAITING_FOR_DATA_PLANE, `waiting for the planes of data clusters: ${namesOf(offline)}`);
  await commitStatus(run, Tenant, tenant, {
    conditions: { Deleting: deleting, Ready: notReady(deleting) },
    fields: {
      phase: 'Deleting',
      dataClusters: summariesOf(clusters),
      pendingPlanes: pendingPlanes(offline, 'has not confirmed the removal yet'),
    },
  });
  return requeueAfter(LOOK_AGAIN_MS);
}

const notReady = ({ reason, message = '' }: Finding): Finding =>
  no(reason, `it is being deleted: ${message}`);

/** Everything of it is gone; what is left is for somebody else to let go. */
async function reportOwnFinalizers(run: Run, tenant: Tenant): Promise<void> {
  const held = heldBy(Tenant, [tenant]);
  if (held === undefined) return;
  const deleting = yes(held.reason, held.message);
  await commitStatus(run, Tenant, tenant, {
    conditions: { Deleting: deleting, Ready: notReady(deleting) },
    fields: { phase: 'Deleting' },
  });
}

interface Waiting {
  readonly reason: string;
  readonly message: string;
}

/** Undefined when nothing is left; else what is waited for. */
async function emptyStages(run: Run, tenant: Tenant): Promise<Waiting | undefined> {
  const namespace = tenantNamespace(tenant.metadata.name);
  let first: Waiting | undefined;
  for (const stage of STAGES) {
    for (const kind of KINDS.filter((each) => stage.includes(each.kind))) {
      const left = await empty(run, kind, namespace);
      if (left === undefined) continue;
      first ??= left.waiting;
      // A refusal may come from something of a later stage; everything else just takes its time.
      if (!left.refused) return first;
    }
  }
  return first;
}

/** Deletes all objects of one kind; undefined when none is left. */
async function empty(
  run: Run,
  kind: Kind,
  namespace: string,
): Promise<{ readonly waiting: Waiting; readonly refused: boolean } | undefined> {
  const resource: Resource<ApiObject> = kind;
  const { items } = await run.apiClient.list(resource, { namespace });
  const refusals: string[] = [];
  for (const item of items.filter((each) => !isTerminating(each))) {
    const refusal = await remove(run, resource, item);
    if (refusal !== undefined) refusals.push(refusal);
  }
  if (items.length === 0) return undefined;
  const { items: left } = await run.apiClient.list(resource, { namespace });
  if (left.length === 0) return undefined;
  const why = refusals[0] === undefined ? '' : ` (${refusals[0]})`;
  const message = `waiting for ${left.length} ${kind.plural}: ${namesOf(left)}${why}`;
  const waiting = heldBy(kind, left) ?? { reason: `Removing${kind.kind}`, message };
  return { waiting, refused: refusals.length > 0 };
}

/** Undefined when the deletion was accepted; else why the server refused it. */
async function remove(
  run: Run,
  resource: Resource<ApiObject>,
  object: ApiObject,
): Promise<string | undefined> {
  try {
    await run.apiClient.delete(resource, refOf(object), { uid: object.metadata.uid });
    return undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    const refused = error instanceof ApiError && ['Forbidden', 'Conflict', 'Invalid'].includes(error.reason);
    if (refused) return error.message;
    throw error;
  }
}

/** Those that a finalizer of somebody else keeps, named so that they can be looked up; undefined when there are none. */
function heldBy(kind: Kind, objects: readonly ApiObject[]): Waiting | undefined {
  const held = objects.filter(isTerminating).flatMap(({ metadata }) => {
    const others = (metadata.finalizers ?? []).filter((finalizer) => !finalizer.startsWith(OWN_FINALIZERS));
    const where = metadata.namespace === undefined ? '' : ` -n ${metadata.namespace}`;
    return others.length === 0 ? [] : [`${kind.singular} ${metadata.name}${where} (${others.join(', ')})`];
  });
  if (held.length === 0) return undefined;
  const more = held.length > MAX_HELD ? ` and ${held.length - MAX_HELD} more` : '';
  const message = `finalizers hold ${held.slice(0, MAX_HELD).join(', ')}${more}; whoever set them must take them away`;
  return { reason: FINALIZERS_REMAIN, message };
}
const MAX_HELD = 5;
const OWN_FINALIZERS = 'polder.dev/';
const FINALIZERS_REMAIN = 'FinalizersRemain';

/** The API server empties a namespace that is deleted; it is gone when nothing is left in it. */
async function removeNamespace(run: Run, tenant: Tenant): Promise<Waiting | undefined> {
  const name = tenantNamespace(tenant.metadata.name);
  const namespace = await run.apiClient.find(Namespace, { name });
  // Not ours: nothing of this tenant is in it, and it is not for us to delete.
  if (namespace === undefined || !isNamespaceOf(tenant, namespace)) return undefined;
  if (!isTerminating(namespace)) {
    await run.apiClient.delete(Namespace, { name }, { uid: namespace.metadata.uid });
    if ((await run.apiClient.find(Namespace, { name })) === undefined) return undefined;
  }
  return (
    (await whatHolds(run, namespace)) ?? {
      reason: 'RemovingNamespace',
      message: `waiting for namespace "${name}" to be emptied`,
    }
  );
}

/** Our own kinds by name, everything else as the namespace itself says. */
async function whatHolds(run: Run, { metadata: { name }, status }: Namespace): Promise<Waiting | undefined> {
  for (const kind of KINDS.filter(({ scope, storage }) => scope === 'Namespaced' && storage === 'stored')) {
    const { items } = await run.apiClient.list(kind as Resource<ApiObject>, { namespace: name });
    const held = heldBy(kind, items);
    if (held !== undefined) return held;
  }
  const remaining = (type: string): string | undefined =>
    status?.conditions?.find((each) => each.type === type && each.status === 'True')?.message;
  const finalizers = remaining('NamespaceFinalizersRemaining');
  if (finalizers === undefined) return undefined;
  const content = remaining('NamespaceContentRemaining') ?? '';
  return { reason: FINALIZERS_REMAIN, message: `namespace "${name}": ${finalizers}. ${content}` };
}
