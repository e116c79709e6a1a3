/** One informer per kind for all reconcilers of a process. */
import type { Client } from '../../../apiserver/client/client.ts';
import { createInformer, type Informer } from '../../../apiserver/client/informer.ts';
import type { ApiObject, Resource } from '../../../apiserver/client/resource.ts';
import type { Clock } from '../../../apiserver/runtime/clock.ts';
import type { Log } from '../../../apiserver/runtime/log.ts';

export interface Informers {
  /** The shared informer of a kind; made when first asked for. */
  of<T extends ApiObject>(resource: Resource<T>): Informer<T>;
}

export interface SharedInformers extends Informers {
  /** A view that remembers what was asked for, so that its user can wait for just that. */
  scope(): Informers & { synced(): Promise<void> };
  start(): void;
  close(): Promise<void>;
}

export function createInformers(deps: {
  readonly apiClient: Client;
  readonly log: Log;
  readonly clock: Clock;
}): SharedInformers {
  const byKind = new Map<string, Informer<ApiObject>>();
  let started = false;
  const of = <T extends ApiObject>(resource: Resource<T>): Informer<T> => {
    const key = `${resource.group}/${resource.plural}`;
    let informer = byKind.get(key);
    if (informer === undefined) {
      const { apiClient: client, log, clock } = deps;
      informer = createInformer<ApiObject>(resource as Resource<ApiObject>, { client, log, clock });
      byKind.set(key, informer);
      if (started) informer.start();
    }
    return informer as unknown as Informer<T>;
  };
  return {
    of,
    scope: () => {
      const used = new Set<Informer<never>>();
      return {
        of: (resource) => {
          const informer = of(resource);
          used.add(informer as unknown as Informer<never>);
          return informer;
        },
        synced: async () => void (await Promise.all([...used].map((informer) => informer.synced))),
      };
    },
    start: () => {
      started = true;
      for (const informer of byKind.values()) informer.start();
    },
    close: async () => void (await Promise.all([...byKind.values()].map((informer) => informer.close()))),
  };
}
