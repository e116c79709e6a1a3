/**
 * Sees foreign changes to what the agent made: one watch per replayable kind, by the bundle label. An event whose
 * resourceVersion is not the one our own apply answered is somebody else's doing.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Client } from '../../apiserver/client/client.ts';
import { createInformer, type Informer } from '../../apiserver/client/informer.ts';
import type { ApiObject } from '../../apiserver/client/resource.ts';
import type { Clock } from '../../apiserver/runtime/clock.ts';
import type { Log } from '../../apiserver/runtime/log.ts';
import { gvkOf } from '../replica/kind-order.ts';
import { apiVersionOf, type Kind } from '../../apiserver/api/kind.ts';
import type { InventoryItem } from './bundle-store.ts';
import { healthOf } from './health.ts';
import { BUNDLE_LABEL, allKinds, idOf } from './plane-objects.ts';

export interface DriftWatch {
  start(): void;
  /**
   * Our own apply answered this; the event that follows is no drift. True when the apply changed something that
   * had been as we left it: what it undid was foreign.
   */
  applied(item: InventoryItem, resourceVersion: string): boolean;
  close(): Promise<void>;
}

/** Events of one bundle within this time are one repair. */
const DEBOUNCE_MS = 500;

export function createDriftWatch(deps: {
  readonly plane: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** A bundle may have drifted. */
  readonly repair: (bundleUid: string) => void;
}): DriftWatch {
  const ours = new Map<string, string>();
  const foreign = new Map<string, string>();
  const due = new Set<string>();
  const informers = allKinds().map((kind) => informerOf(deps, kind));

  const suspect = (uid: string): void => {
    if (due.has(uid)) return;
    due.add(uid);
    deps.clock.after(DEBOUNCE_MS, () => {
      due.delete(uid);
      deps.repair(uid);
    });
  };
  const observe = (kind: Kind, informer: Informer<ApiObject>): void => {
    const gvk = gvkOf(apiVersionOf(kind), kind.kind);
    informer.onChange((change) => {
      const { type, object } = change;
      const uid = object.metadata.labels?.[BUNDLE_LABEL];
      if (uid === undefined) return;
      const id = idOf({ gvk, namespace: object.metadata.namespace ?? '', name: object.metadata.name });
      if (type === 'modified' && isStatusOnly(kind, change.old, object)) {
        // What the plane's controllers report is no drift; it is the version as we left it all the same.
        if (ours.get(id) === change.old.metadata.resourceVersion) {
          ours.set(id, object.metadata.resourceVersion);
        }
        return;
      }
      if (type !== 'deleted' && ours.get(id) === object.metadata.resourceVersion) return;
      if (ours.has(id)) foreign.set(id, type === 'deleted' ? '' : object.metadata.resourceVersion);
      suspect(uid);
    });
  };
  return {
    start: () => {
      for (const { kind, informer } of informers) {
        observe(kind, informer);
        informer.start();
      }
    },
    applied: (item, resourceVersion) => {
      const id = idOf(item);
      const before = foreign.get(id);
      foreign.delete(id);
      ours.set(id, resourceVersion);
      return before !== undefined && before !== resourceVersion;
    },
    close: async () => {
      await Promise.all(informers.map(({ informer }) => informer.close()));
    },
  };
}

/** True when the objects differ in nothing that a bundle says and nothing that is reported from it. */
export function isStatusOnly(kind: Kind, old: ApiObject, object: ApiObject): boolean {
  return (
    healthOf(kind.kind, old) === healthOf(kind.kind, object) && isDeepStrictEqual(said(old), said(object))
  );
}

function said(object: ApiObject): object {
  const { resourceVersion: _, managedFields = [], ...identity } = object.metadata;
  const owners = managedFields.filter(({ subresource }) => subresource !== 'status');
  return { ...object, status: undefined, metadata: identity, owners };
}

function informerOf(
  deps: { readonly plane: Client; readonly clock: Clock; readonly log: Log },
  kind: Kind,
): { readonly kind: Kind; readonly informer: Informer<ApiObject> } {
  const { plane, clock, log } = deps;
  return {
    kind,
    informer: createInformer<ApiObject>(kind, { client: plane, clock, log, labelSelector: BUNDLE_LABEL }),
  };
}
