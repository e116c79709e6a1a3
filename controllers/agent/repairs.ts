/**
 * Makes the plane equal the stored bundles: when one arrives, when somebody changes what it made, and all of them
 * now and then. Works from what is on disk; the control plane is not needed for it.
 */
import type { Client } from '../../apiserver/client/client.ts';
import type { ApiObject } from '../../apiserver/client/resource.ts';
import { createWorkqueue, type Outcome as WorkOutcome } from '../../apiserver/client/workqueue.ts';
import type { Workqueue } from '../../apiserver/client/workqueue.ts';
import type { Clock } from '../../apiserver/runtime/clock.ts';
import type { Log } from '../../apiserver/runtime/log.ts';
import type { Up } from '../replica/messages.ts';
import type { AgentMetrics } from './agent-metrics.ts';
import type { BundleStore, InventoryItem, StoredBundle } from './bundle-store.ts';
import { createContention, type Contention } from './contention.ts';
import { CONTENDED, converge } from './converge.ts';
import { createDriftWatch, type DriftWatch } from './drift.ts';
import { createDriftCount, type DriftCount } from './drift-count.ts';
import { FIELD_MANAGER, idOf, itemOf, kindOf, planeObjects } from './plane-objects.ts';
import { decodeBody } from '../replica/frame.ts';
import type { AgentSettings } from './settings.ts';
import type { StateFiles } from './state-files.ts';

export interface Repairs {
  /** The bundle is new, or may not be as it should. */
  add(uid: string): void;
  /** Repairs everything, and again after each interval of the settings. */
  audit(): void;
  set(settings: AgentSettings): void;
  /** Objects put back so far, over restarts. */
  readonly driftCorrected: number;
  /** Bundles that wait or are at work. */
  readonly queued: number;
  readonly isPaused: boolean;
  /** The last attempts failed at this; undefined when the plane answers. */
  readonly failure: string | undefined;
  close(): Promise<void>;
}

export interface RepairsDeps {
  readonly plane: Client;
  readonly files: StateFiles;
  readonly store: BundleStore;
  readonly settings: AgentSettings;
  readonly report: (result: Up<'RESULT'>) => void;
  readonly metrics: AgentMetrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

const TOMBSTONE_POLL_MS = 1_000;
const CONCURRENCY = 8;

type Identity = Omit<InventoryItem, 'uid'>;

export function createRepairs(deps: RepairsDeps): Repairs {
  return new PlaneRepairs(deps);
}

class PlaneRepairs implements Repairs {
  private readonly deps: RepairsDeps;
  private readonly queue: Workqueue;
  private readonly drift: DriftWatch;
  private readonly contention: Contention;
  private readonly count: DriftCount;
  private readonly waiting = new Set<string>();
  /** Bundles reported as contended. */
  private readonly contended = new Set<string>();
  /** Who fights over an object, by the object's id. */
  private readonly rivals = new Map<string, string>();
  private settings: AgentSettings;
  private lastFailure: string | undefined;
  private cancelAudit: () => void = () => undefined;

  constructor(deps: RepairsDeps) {
    this.deps = deps;
    const { plane, clock, log, files, settings } = deps;
    this.settings = settings;
    this.contention = createContention(clock);
    this.count = createDriftCount(files, log);
    this.queue = createWorkqueue({
      name: 'agent',
      log,
      clock,
      concurrency: CONCURRENCY,
      work: (uid, signal) => this.repair(uid, signal),
    });
    this.drift = createDriftWatch({ plane, clock, log, repair: (uid, ids) => this.suspected(uid, ids) });
  }

  get driftCorrected(): number {
    return this.count.total;
  }

  get queued(): number {
    return this.waiting.size;
  }

  get isPaused(): boolean {
    return this.settings.paused;
  }

  get failure(): string | undefined {
    return this.lastFailure;
  }

  add(uid: string): void {
    if (this.settings.paused) return;
    this.waiting.add(uid);
    this.queue.add(uid);
  }

  audit(): void {
    for (const { claims } of this.deps.store.all()) this.add(claims.uid);
    this.cancelAudit();
    const { clock, random } = this.deps;
    const intervalMs = this.settings.reconcileSeconds * 1_000 * (0.9 + 0.2 * random());
    this.cancelAudit = clock.after(intervalMs, () => this.audit());
  }

  set(settings: AgentSettings): void {
    const old = this.settings;
    this.settings = settings;
    if (old.paused !== settings.paused || old.reconcileSeconds !== settings.reconcileSeconds) this.audit();
  }

  async close(): Promise<void> {
    this.cancelAudit();
    await Promise.all([this.queue.close(), this.drift.close()]);
    await this.count.saved();
  }

  /** What rests is looked at again when its rest is over; the control plane is told once, and by whom. */
  private suspected(uid: string, ids: ReadonlySet<string>): void {
    const resting = [...ids].filter((id) => this.contention.restMs(id) > 0);
    if (resting.length < ids.size || resting.length === 0) this.add(uid);
    else if (!this.contended.has(uid)) {
      this.contended.add(uid);
      void Promise.all(resting.map((id) => this.findRival(id))).then(() => this.add(uid));
    }
  }

  private async repair(uid: string, signal: AbortSignal): Promise<WorkOutcome> {
    this.waiting.delete(uid);
    const { plane, store, metrics, report } = this.deps;
    const bundle = store.get(uid);
    if (bundle === undefined || this.settings.paused) return { is: 'done' };
    const resting: number[] = [];
    const outcome = await converge(
      {
        plane,
        store,
        applied: (of, item, live) => this.applied(of, item, live),
        released: (item) => this.drift.released(item),
        wantedElsewhere: (of, item) =>
          store.holders(idOf(item)).some((other) => other !== of && brings(store.get(other), idOf(item))),
        restrains: (of, item) => this.restraint(of, item, resting),
      },
      bundle,
      signal,
    );
    metrics.converged.inc({ result: outcome.state });
    // The word of a run that was cut off because the agent stops is not worth telling.
    if (signal.aborted) throw new Error('stopped');
    this.lastFailure = outcome.state === 'Nack' ? outcome.error : undefined;
    const { state, objects, error } = outcome;
    if (state === 'Contended') this.contended.add(uid);
    else this.contended.delete(uid);
    report({ type: 'RESULT', uid, gen: bundle.claims.gen, state, objects, error });
    if (state === 'Nack') throw new Error(`bundle ${uid}: ${error}`);
    if (state === 'Progressing') return { is: 'requeue', afterMs: TOMBSTONE_POLL_MS };
    return resting.length > 0 ? { is: 'requeue', afterMs: Math.min(...resting) } : { is: 'done' };
  }

  private applied(bundle: string, item: Identity, live: ApiObject): void {
    if (!this.drift.applied(bundle, item, live)) return;
    const id = idOf(item);
    this.count.add();
    this.deps.metrics.drift.inc();
    this.contention.corrected(id);
    this.deps.log.info('drift corrected', { bundle, object: id });
  }

  private restraint(bundle: string, item: Identity, resting: number[]): string | undefined {
    const id = idOf(item);
    const owner = this.drift.labelOf(item);
    // An object that its bundle no longer brings may be taken over; its old bundle then leaves it alone.
    if (owner !== undefined && owner !== bundle && brings(this.deps.store.get(owner), id)) {
      return `it belongs to bundle ${owner}`;
    }
    const restMs = this.contention.restMs(id);
    if (restMs === 0) {
      this.rivals.delete(id);
      return undefined;
    }
    resting.push(restMs);
    return `${CONTENDED}${this.rivals.get(id) ?? 'somebody'} changes it again and again`;
  }

  /** The last other manager that wrote to the object; for people, so a failure to find it out is no failure. */
  private async findRival(id: string): Promise<void> {
    const item = itemOf(id);
    const kind = kindOf(item.gvk);
    if (kind === undefined) return;
    try {
      const live = await this.deps.plane.find<ApiObject>(kind, item);
      const others = (live?.metadata.managedFields ?? []).filter(({ manager }) => manager !== FIELD_MANAGER);
      const last = others.reduce<(typeof others)[number] | undefined>(
        (a, b) => ((b.time ?? '') >= (a?.time ?? '') ? b : a),
        undefined,
      );
      if (last?.manager !== undefined) this.rivals.set(id, `"${last.manager}"`);
    } catch (error) {
      this.deps.log.debug('who changes a contended object is not known', { object: id, error });
    }
  }
}

function brings(bundle: StoredBundle | undefined, id: string): boolean {
  if (bundle === undefined || bundle.claims.typ !== 'bundle') return false;
  try {
    return planeObjects(decodeBody(bundle.gzipped).manifests, bundle.claims).some(
      (each) => idOf(each) === id,
    );
  } catch {
    // What cannot be read cannot be applied either.
    return false;
  }
}
