/** What the registry counts, under Kubernetes' names where it has them. */
import { resourceName } from '../api/kind.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { Cache } from './cache.ts';
import type { Fanout } from './fanout.ts';
import type { Table } from './table.ts';

interface Series {
  readonly objects: { set(value: number): void };
  readonly received: { inc(by?: number): void };
  readonly dispatched: { inc(by?: number): void };
}

/** Returns what the fan-out calls after handing events over. Series exist for every kind from the start on. */
export function observeCache(metrics: Metrics, cache: Cache): (table: Table, events: number) => void {
  const labels = ['resource'];
  const objects = metrics.gauge({
    name: 'apiserver_storage_objects',
    help: 'Number of stored objects by kind.',
    labels,
  });
  const received = metrics.counter({
    name: 'apiserver_watch_cache_events_received_total',
    help: 'Changes that reached the watch cache, by kind.',
    labels,
  });
  const dispatched = metrics.counter({
    name: 'apiserver_watch_cache_events_dispatched_total',
    help: 'Events handed to watches, by kind; one change counts once per watch that shows it.',
    labels,
  });
  metrics.gauge({
    name: 'polder_watch_cache_ring_events',
    help: 'Changes held in memory from which watches resume.',
    collect: () => cache.ring.size,
  });
  metrics.gauge({
    name: 'polder_watch_cache_ring_bytes',
    help: 'Bytes of earlier states that these changes keep in memory.',
    collect: () => cache.ring.bytes,
  });
  metrics.gauge({
    name: 'polder_watch_cache_revision_number',
    help: 'Newest revision in the watch cache.',
    collect: () => cache.revision(),
  });

  const series = new Map<Table, Series>();
  for (const table of cache.tables()) {
    const resource = { resource: resourceName(table.kind) };
    series.set(table, {
      objects: objects.with(resource),
      received: received.with(resource),
      dispatched: dispatched.with(resource),
    });
  }
  cache.onLoaded(() => {
    for (const [table, { objects: count }] of series) count.set(table.objects.size);
  });
  cache.onEvents((events) => {
    for (const { table } of events) {
      const one = series.get(table);
      one?.received.inc();
      one?.objects.set(table.objects.size);
    }
  });
  return (table, events) => series.get(table)?.dispatched.inc(events);
}

export function observeFanout(metrics: Metrics, fanout: Fanout): void {
  metrics.gauge({
    name: 'polder_watch_cache_watchers',
    help: 'Watches that are live.',
    collect: () => fanout.watchers(),
  });
}
