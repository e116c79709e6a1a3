/**
 * Our sqlite store without a server around it: writers that append as fast as they are acknowledged. Argument: the
 * file. The answer is writes per second and latencies.
 */
import { createSqliteStore } from '../../../apiserver/store/sqlite/store.ts';
import { serve } from './serve.ts';

const store = createSqliteStore({ file: process.argv[2] ?? '' });
await store.start();

interface Question {
  readonly seconds: number;
  readonly writers: number;
  readonly value: Uint8Array;
}
serve({}, async ({ seconds, writers, value }: Question) => {
  const startedMs = performance.now();
  const first = store.revision();
  const latencies: number[] = [];
  const writer = async (id: number): Promise<void> => {
    for (let i = 0; performance.now() - startedMs < seconds * 1000; i += 1) {
      const sentMs = performance.now();
      const key = `/polder.dev/depots/tn-${id}/depot-${first}-${i}`;
      await store.append({ key, type: 'put', value: Buffer.from(value), expected: 0 });
      latencies.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, id) => writer(id)));
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  const perSecond = ((store.revision() - first) / (performance.now() - startedMs)) * 1000;
  return { perSecond, p50Ms: at(0.5), p99Ms: at(0.99) };
});
