/**
 * Sees foreign changes to what the agent made: one watch per kind it made something of, by the bundle label. An object
 * that does not look as our own apply left it is somebody else's doing; what changes in its status alone is not.
 */
import type { Client } from '../../apiserver/client/client.ts';
import { createInformer, type Informer } from '../../apiserver/client/informer.ts';
import type { ApiObject } from '../../apiserver/client/resource.ts';
import type { Clock } from '../../apiserver/runtime/clock.ts';
import type { Log } from '../../apiserver/runtime/log.ts';
import type { InventoryItem } from './bundle-store.ts';
import { fingerprintOf } from './fingerprint.ts';
import { healthOf } from './health.ts';
import { BUNDLE_LABEL, idOf, kindOf } from './plane-objects.ts';

type Identity = Pick<InventoryItem, 'gvk' | 'namespace' | 'name'>;

export interface DriftWatch {
  /** Our own apply answered this. True when it undid a foreign change. Its kind is watched from now on. */
  applied(bundle: string, item: Identity, live: ApiObject): boolean;
  /** We are about to remove it. */
  released(item: Identity): void;
  /** UID of the bundle whose label the object carries on the plane. */
  labelOf(item: Identity): string | undefined;
  close(): Promise<void>;
}

/** Events of one bundle within this time are one repair. */
const DEBOUNCE_MS = 500;
const GONE = '';

interface Known {
  readonly bundle: string;
  /** As our last apply left it. */
  readonly print: string;
  /** As somebody left it since; undefined while it is as it should be. */
  foreign: string | undefined;
  health: string;
}

export function createDriftWatch(deps: {
  readonly plane: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** Objects of this bundle are not as they were left, by their ids. */
  readonly repair: (bundle: string, ids: ReadonlySet<string>) => void;
}): DriftWatch {
  return new LabelWatch(deps);
}

class LabelWatch implements DriftWatch {
  private readonly deps: Parameters<typeof createDriftWatch>[0];
  private readonly known = new Map<string, Known>();
  /** Objects that are not as they should be, by bundle. */
  private readonly suspects = new Map<string, Set<string>>();
  private readonly due = new Map<string, () => void>();
  private readonly informers = new Map<string, Informer<ApiObject>>();
  private isClosed = false;

  constructor(deps: Parameters<typeof createDriftWatch>[0]) {
    this.deps = deps;
  }

  applied(bundle: string, item: Identity, live: ApiObject): boolean {
    const id = idOf(item);
    const print = fingerprintOf(live);
    const before = this.known.get(id)?.foreign;
    const health = healthOf(kindNameOf(item.gvk), live);
    this.known.set(id, { bundle, print, foreign: undefined, health });
    this.clear(bundle, id);
    this.watch(item.gvk);
    return before !== undefined && before !== print;
  }

  released(item: Identity): void {
    const id = idOf(item);
    const bundle = this.known.get(id)?.bundle;
    this.known.delete(id);
    if (bundle !== undefined) this.clear(bundle, id);
  }

  labelOf(item: Identity): string | undefined {
    const { gvk, namespace, name } = item;
    return this.informers.get(gvk)?.get({ namespace, name })?.metadata.labels?.[BUNDLE_LABEL];
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const cancel of this.due.values()) cancel();
    this.due.clear();
    await Promise.all([...this.informers.values()].map((informer) => informer.close()));
  }

  /** Each watch is a connection and a copy, here and at the server: most planes need half of the kinds. */
  private watch(gvk: string): void {
    const kind = kindOf(gvk);
    if (kind === undefined || this.isClosed || this.informers.has(gvk)) return;
    const { plane, clock, log } = this.deps;
    const options = { client: plane, clock, log, labelSelector: BUNDLE_LABEL };
    const informer = createInformer<ApiObject>(kind, options);
    this.informers.set(gvk, informer);
    this.observe(gvk, informer);
    informer.start();
    informer.synced.then(
      () => this.findMissing(gvk, informer),
      () => undefined,
    );
  }

  /** No event tells what went after our apply and before the watch had its first state. */
  private findMissing(gvk: string, informer: Informer<ApiObject>): void {
    const prefix = `${gvk}/`;
    for (const [id, known] of this.known) {
      if (!id.startsWith(prefix)) continue;
      const [namespace = '', name = ''] = id.slice(prefix.length).split('/');
      if (informer.get({ namespace, name }) !== undefined) continue;
      known.foreign = GONE;
      this.suspect(known.bundle, id);
    }
  }

  private observe(gvk: string, informer: Informer<ApiObject>): void {
    informer.onChange(({ type, object }) => {
      const { namespace = '', name, labels } = object.metadata;
      const id = idOf({ gvk, namespace, name });
      const known = this.known.get(id);
      const bundle = known?.bundle ?? labels?.[BUNDLE_LABEL];
      if (bundle === undefined) return;
      const print = type === 'deleted' ? GONE : fingerprintOf(object);
      if (known?.print !== print) {
        if (known !== undefined) known.foreign = print;
        this.suspect(bundle, id);
        return;
      }
      known.foreign = undefined;
      this.clear(bundle, id);
      // No drift, but something to report.
      const health = healthOf(kindNameOf(gvk), object);
      if (known.health !== health) this.suspect(bundle, id);
      known.health = health;
    });
  }

  private suspect(bundle: string, id: string): void {
    const suspects = this.suspects.get(bundle) ?? new Set<string>();
    this.suspects.set(bundle, suspects.add(id));
    if (this.due.has(bundle)) return;
    const cancel = this.deps.clock.after(DEBOUNCE_MS, () => {
      this.due.delete(bundle);
      // The events of our own writes may come before their answers; by now they have been told apart.
      const left = this.suspects.get(bundle);
      if (left !== undefined) this.deps.repair(bundle, left);
    });
    this.due.set(bundle, cancel);
  }

  private clear(bundle: string, id: string): void {
    const suspects = this.suspects.get(bundle);
    if (suspects?.delete(id) === true && suspects.size === 0) this.suspects.delete(bundle);
  }
}

const kindNameOf = (gvk: string): string => gvk.slice(gvk.lastIndexOf('/') + 1);
