/** A minute of everything at once, and what memory it leaves. */
import type { Load } from '../programs/load.ts';
import { load, memoryOf, type Contestant } from './contestant.ts';
import { OBJECTS } from './rounds.ts';

const SLICE_SECONDS = 2;
const MIB = 1024 * 1024;

/** Reads, lists and patches in turns for `seconds`; resident memory in MiB afterwards, and at most. */
export async function mixed(who: Contestant, seconds: number): Promise<{ after: number; most: number }> {
  const turns: readonly Partial<Load>[] = [
    { connections: 16, path: `${who.objects}/bench-{k}`, cycle: OBJECTS },
    { connections: 2, path: who.objects },
    {
      connections: 16,
      method: 'PATCH',
      path: `${who.objects}/bench-{k}`,
      cycle: OBJECTS,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ spec: { description: 'Mixed {n}.' } }),
    },
    { connections: 4, path: `${who.objects}?limit=500` },
  ];
  let most = 0;
  const sampler = setInterval(() => (most = Math.max(most, memoryOf(who))), 100);
  try {
    const until = performance.now() + seconds * 1000;
    for (let turn = 0; performance.now() < until; turn += 1) {
      const first = who.numbers.next;
      const wanted = turns[turn % turns.length] ?? {};
      const done = await load(who, { ...wanted, requests: Infinity, seconds: SLICE_SECONDS, first });
      who.numbers.next += done.requests;
    }
  } finally {
    clearInterval(sampler);
  }
  return { after: memoryOf(who) / MIB, most: most / MIB };
}
