/** Watch fan-out: every write goes to 1,000 open watches. */
import { processorUs } from '../machine.ts';
import type { Measure, Row } from '../measure.ts';
import { OBJECTS_PATH, createMany, prepareTenant, startPolder } from '../polder.ts';
import { dataPolicy } from '../objects.ts';
import type { Answer, Question } from '../programs/watchers.ts';

const WATCHERS = 1000;
const WARM_UP = 100;
const WRITES = 500;
const MIB = 1024 * 1024;

export const watch: Measure = {
  name: 'watch',
  run: async (bench): Promise<readonly Row[]> => {
    const polder = await startPolder(bench, 'watch');
    const watchers = await bench.machine.start('client', 'watchers', [polder.url, polder.pki]);
    const ask = async (question: Question): Promise<Answer> => (await watchers.ask(question)) as Answer;
    const create = (first: number, requests: number): Promise<unknown> =>
      createMany(polder, OBJECTS_PATH, {
        connections: 8,
        body: JSON.stringify(dataPolicy('{n}')),
        first,
        requests,
      });
    try {
      await prepareTenant(polder);
      const { body } = await polder.load({ method: 'GET', path: `${OBJECTS_PATH}?limit=1`, keepBody: true });
      const { metadata } = JSON.parse(body.toString()) as {
        readonly metadata: { readonly resourceVersion: string };
      };
      const path = `${OBJECTS_PATH}?watch=1&resourceVersion=${metadata.resourceVersion}`;
      await ask({ is: 'connect', watchers: WATCHERS, path });
      const [warm] = await Promise.all([ask({ is: 'wait', events: WARM_UP }), create(1, WARM_UP)]);

      const before = polder.residentBytes();
      let most = before;
      const sampler = setInterval(() => (most = Math.max(most, polder.residentBytes())), 20);
      const [startedMs, serverUs] = [Date.now(), processorUs(polder.pid)];
      const [last] = await Promise.all([
        ask({ is: 'wait', events: WARM_UP + WRITES }),
        create(WARM_UP + 1, WRITES),
      ]);
      clearInterval(sampler);
      const ms = last.atMs - startedMs;
      const clientShare = Math.round(((last.processorMs - warm.processorMs) / ms) * 100);
      const usEach = (processorUs(polder.pid) - serverUs) / (WRITES * WATCHERS);
      return [
        {
          measure: `watch fan-out, ${WRITES} creates to ${WATCHERS} watches`,
          value: (WRITES * WATCHERS * 1000) / ms,
          unit: 'events/s',
          target: { is: 'at least', limit: 100_000 },
          notes:
            `${((last.bytes - warm.bytes) / MIB / (ms / 1000)).toFixed(0)} MiB/s, server ${usEach.toFixed(1)} us of processor each, ` +
            `memory at most ${Math.round(most / MIB)} MiB (${Math.round(before / MIB)} before), client ${clientShare} % of its core`,
        },
      ];
    } finally {
      await watchers.stop();
      await polder.stop();
    }
  },
};
