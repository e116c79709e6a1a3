/**
 * Writes what agents report into PlaneWork and DataPlane status. Reports are coalesced by object: the newest
 * wins, and one write per object is under way at any time.
 */
import { ApiError } from '../../apiserver/api/errors.ts';
import type { Condition } from '../../apiserver/api/meta.ts';
import type { Client } from '../../apiserver/client/client.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import type { Log } from '../../apiserver/runtime/log.ts';
import type { Up } from '../replica/messages.ts';
import type { BundleEntry } from './bundle-log.ts';

type Report = Up<'RESULT'>;

export interface StatusWriter {
  plane(name: string, status: object): void;
  work(entry: BundleEntry, report: Report, now: string): void;
  /** Resolves when everything reported so far was written or given up. */
  idle(): Promise<void>;
}

export function createStatusWriter(deps: {
  readonly client: Client;
  readonly log: Log;
  /** The PlaneWork as it is now. */
  readonly stored: (entry: BundleEntry) => PlaneWork | undefined;
}): StatusWriter {
  const { client, log, stored } = deps;
  const next = new Map<string, () => Promise<unknown>>();
  const running = new Map<string, Promise<void>>();

  const run = async (key: string): Promise<void> => {
    for (let write = next.get(key); write !== undefined; write = next.get(key)) {
      next.delete(key);
      try {
        await write();
      } catch (error) {
        const gone = error instanceof ApiError && error.reason === 'NotFound';
        if (!gone) log.error('status of an agent report was not written', { key, error });
      }
    }
    running.delete(key);
  };
  const enqueue = (key: string, write: () => Promise<unknown>): void => {
    next.set(key, write);
    if (!running.has(key)) running.set(key, run(key));
  };
  const pendingPlane = new Map<string, object>();
  return {
    plane: (name, status) => {
      // Partial statuses of one plane add up; a heartbeat must not swallow a disconnect reported just before.
      pendingPlane.set(name, merge(pendingPlane.get(name) ?? {}, status));
      enqueue(`plane/${name}`, () => {
        const patch = { status: pendingPlane.get(name) ?? {} };
        pendingPlane.delete(name);
        return client.patch(DataPlane, { name }, patch, { subresource: 'status' });
      });
    },
    work: (entry, report, now) => {
      const ref = { namespace: entry.namespace, name: entry.name };
      enqueue(`work/${entry.uid}`, () => {
        const status = workStatus(entry, report, stored(entry), now);
        return client.patch(PlaneWork, ref, { status }, { subresource: 'status' });
      });
    },
    idle: async () => {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}

function merge(first: object, second: object): object {
  const agents = { ...(first as { agent?: object }).agent, ...(second as { agent?: object }).agent };
  return { ...first, ...second, ...(Object.keys(agents).length === 0 ? {} : { agent: agents }) };
}

const PHASES = {
  Applied: 'Applied',
  Progressing: 'Applying',
  Nack: 'Rejected',
  Contended: 'Applying',
  Deleted: 'Deleting',
} as const;

function workStatus(entry: BundleEntry, report: Report, old: PlaneWork | undefined, now: string): object {
  const done = report.state === 'Applied' || report.state === 'Deleted';
  const healthy = report.objects.every((object) => object.health === 'Healthy');
  const conditions: readonly Omit<Condition, 'lastTransitionTime'>[] = [
    {
      type: 'Applied',
      status: done ? 'True' : 'False',
      reason: report.state,
      message: report.error.slice(0, 1024),
    },
    {
      type: 'Available',
      status: report.state === 'Applied' && healthy ? 'True' : 'False',
      reason: report.state === 'Applied' && !healthy ? 'Progressing' : report.state,
      message: '',
    },
  ];
  return {
    observedGeneration: entry.gen,
    phase: entry.tombstone === undefined ? PHASES[report.state] : 'Deleting',
    ...(done ? { appliedRevision: report.gen } : {}),
    resources: report.objects.map((object) => {
      const slash = object.gvk.lastIndexOf('/');
      return {
        id: object.id,
        apiVersion: object.gvk.slice(0, slash),
        kind: object.gvk.slice(slash + 1),
        namespace: object.namespace,
        name: object.name,
        health: object.health,
        message: object.message.slice(0, 1024),
      };
    }),
    conditions: conditions.map((condition) => {
      const before = old?.status?.conditions?.find(({ type }) => type === condition.type);
      const kept = before?.status === condition.status ? before.lastTransitionTime : now;
      return { ...condition, observedGeneration: entry.gen, lastTransitionTime: kept };
    }),
  };
}
