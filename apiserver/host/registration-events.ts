/** Events about our webhook configurations, where `kubectl describe` and whoever keeps events find them. */
import { at, type JsonObject } from '../api/json.ts';
import { apiVersionOf } from '../api/kind.ts';
import type { Client } from '../client/client.ts';
import type { Resource } from '../client/resource.ts';
import { Event } from '../kinds/native/event.ts';
import { timestamp } from '../runtime/clock.ts';

/** source: Kubernetes keeps events about objects without namespace in this one. */
const NAMESPACE = 'default';

export interface RegistrationEvent {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
  /** Last part of its name, where one Event is enough however many report it; default: made by the server. */
  readonly key?: string;
  /** Program that reports it. */
  readonly component: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Rejects with the `ApiError` of the host when it does not take it. */
export async function recordEvent(
  client: Pick<Client, 'create'>,
  { kind, object }: { readonly kind: Resource<JsonObject>; readonly object: JsonObject },
  event: RegistrationEvent,
): Promise<void> {
  const { type, reason, message, key, component, nowMs } = event;
  const text = (path: string): string => {
    const value = at(object, path);
    return typeof value === 'string' ? value : '';
  };
  const name = text('metadata.name');
  const happened = timestamp(nowMs);
  await client.create(Event, {
    metadata: {
      namespace: NAMESPACE,
      ...(key === undefined ? { generateName: `${name}-` } : { name: `${name}-${key}` }),
    },
    involvedObject: { apiVersion: apiVersionOf(kind), kind: kind.kind, name, uid: text('metadata.uid') },
    type,
    reason,
    message,
    source: { component },
    reportingComponent: component,
    firstTimestamp: happened,
    lastTimestamp: happened,
    count: 1,
  });
}
