/** Other people's webhooks on our kinds, from the configurations of the host cluster. */
import type { WebhookSource } from '../admission/webhooks/dispatch.ts';
import type { NamespaceLabels } from '../admission/webhooks/match.ts';
import type { JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import type { Client } from '../client/client.ts';
import { createInformer, type Informer } from '../client/informer.ts';
import type { ApiObject, Resource } from '../client/resource.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { CONFIGURATION_KINDS, createHookCache } from '../webhook-sources.ts';

export interface HostWebhooks extends WebhookSource {
  start(): void;
  close(): Promise<void>;
}

export function createHostWebhooks(deps: {
  readonly client: Pick<Client, 'list' | 'watch'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly namespaceLabels: NamespaceLabels;
}): HostWebhooks {
  const { client, clock, log } = deps;
  const informers = new Map<Kind, Informer<ApiObject>>();
  const cache = createHookCache((kind) => (informers.get(kind)?.list() ?? []) as unknown as JsonObject[]);
  for (const type of ['Mutating', 'Validating'] as const) {
    const kind = CONFIGURATION_KINDS[type];
    const informer = createInformer(kind as Resource<ApiObject>, { client, clock, log });
    informer.onChange(() => cache.forget(type));
    informers.set(kind, informer);
  }
  const all = [...informers.values()];
  return {
    get hasSynced() {
      return all.every((informer) => informer.hasSynced);
    },
    hooks: (type) => cache.hooks(type),
    namespaceLabels: deps.namespaceLabels,
    start: () => {
      for (const informer of all) informer.start();
    },
    close: async () => {
      await Promise.all(all.map((informer) => informer.close()));
    },
  };
}
