/** With 100,000 objects: memory each of them takes, and how long a restarted process takes until it serves. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Measure, Row } from '../measure.ts';
import { createObjects, prepareTenant, startPolder } from '../polder.ts';

const OBJECTS = 100_000;
const MIB = 1024 * 1024;
/** Long enough for a process that fell quiet to have given memory back; see `runtime/idle-memory.ts`. */
const QUIET_MS = 15_000;

export const restart: Measure = {
  name: 'restart',
  run: async (bench): Promise<readonly Row[]> => {
    const first = await startPolder(bench, 'restart');
    await prepareTenant(first);
    await first.stop();

    const empty = await startPolder(bench, 'restart');
    const idle = empty.residentBytes();
    await createObjects(empty, 1, OBJECTS);
    const busy = empty.residentBytes();
    await delay(QUIET_MS);
    const written = empty.residentBytes();
    await empty.stop();

    const full = await startPolder(bench, 'restart');
    const loaded = full.residentBytes();
    await full.stop();
    return [
      {
        measure: `restart to ready with ${OBJECTS} objects`,
        value: full.startedInMs / 1000,
        unit: 's',
        target: { is: 'at most', limit: 5 },
        notes: `with none ${(empty.startedInMs / 1000).toFixed(2)} s, first start ever ${(first.startedInMs / 1000).toFixed(2)} s`,
      },
      {
        measure: 'memory per stored object after a restart',
        value: (loaded - idle) / OBJECTS / 1000,
        unit: 'KB',
        target: { is: 'at most', limit: 3.5 },
        notes: `${Math.round(loaded / MIB)} MiB with ${OBJECTS}`,
      },
      {
        measure: 'memory per stored object in the process that created them, quiet again',
        value: (written - idle) / OBJECTS / 1000,
        unit: 'KB',
        target: { is: 'at most', limit: 3.5 },
        notes: `${Math.round(written / MIB)} MiB with ${OBJECTS}; right after the last write ${((busy - idle) / OBJECTS / 1000).toFixed(2)} KB (${Math.round(busy / MIB)} MiB)`,
      },
      {
        measure: 'idle process after a restart',
        value: idle / 1e6,
        unit: 'MB RSS',
        target: { is: 'at most', limit: 150 },
      },
    ];
  },
};
