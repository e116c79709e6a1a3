/** The controllers that a Kubernetes control plane runs for every kind, on the embedded plane inside this process. */
import { createEventExpiry } from './event-expiry.ts';
import { createGarbageCollection } from './garbage-collection.ts';
import { createNamespaceEmptying, type LocalPlaneDeps, type Loop } from './namespace-emptying.ts';
import { createQuotaStatus } from './quota-status.ts';

/** Start it after the registry and close it before. */
export function createLocalPlane(deps: LocalPlaneDeps): Loop {
  const loops = [
    createNamespaceEmptying(deps),
    createGarbageCollection(deps),
    createEventExpiry(deps),
    createQuotaStatus(deps),
  ];
  return {
    start: () => {
      for (const loop of loops) loop.start();
    },
    close: async () => {
      await Promise.all(loops.map(async (loop) => await loop.close()));
    },
  };
}
