/**
 * `npm run bench -- kubernetes`: Polder beside its twin, the same kind as a custom resource on a real kube-apiserver
 * with etcd. Same client, same objects, one after the other in one run; nobody is tied to a core, so that
 * kube-apiserver has all of them. kube-controller-manager is stopped once everything stands: its garbage collector and
 * its quota controller watch what either side writes, and on the same cores their work would be measured with it.
 * `--with-controller-manager` leaves it running.
 */
import type { Bench, Row, Target } from '../measure.ts';
import { connect, type Contestant } from './contestant.ts';
import { fanOut, WATCHERS } from './fan-out.ts';
import { mixed } from './mixed.ts';
import { create, OBJECTS, ROUNDS, type Result, type Round } from './rounds.ts';
import { startStage } from './stage.ts';

const MIXED_SECONDS = 60;
/** For `--only`. */
export const PARTS = [...ROUNDS.map(({ key }) => key), 'fan-out', 'memory'];

export async function runKubernetes(bench: Bench, say: (line: string) => void): Promise<readonly Row[]> {
  const stage = await startStage(bench, say);
  const contestants: Contestant[] = [];
  try {
    const [theirs, ours] = [{ next: OBJECTS + 1 }, { next: OBJECTS + 1 }];
    contestants.push(await connect(bench, stage.twin, theirs));
    contestants.push(await connect(bench, stage.direct, ours));
    contestants.push(await connect(bench, stage.aggregated, ours));
    const onEtcd = await connect(bench, stage.onEtcd, { next: 1 });
    contestants.push(onEtcd);
    return await compete(bench, contestants.slice(0, -1), { onEtcd, say });
  } finally {
    for (const { client } of contestants) await client.stop();
    await stage.close();
  }
}

async function compete(
  bench: Bench,
  contestants: readonly Contestant[],
  { onEtcd, say }: { readonly onEtcd: Contestant; readonly say: (line: string) => void },
): Promise<readonly Row[]> {
  const [twin, ...ours] = contestants;
  if (twin === undefined) throw new Error('nobody to compare with');
  for (const who of contestants) {
    // Two ways to one server: the objects are there after the first.
    if (who === ours[1]) continue;
    say(`loading ${OBJECTS} objects into ${who.name} ...`);
    await create(who, 1, OBJECTS);
  }
  const rows: Row[] = [];
  const isWanted = (part: string): boolean => bench.only?.includes(part) ?? true;
  if (isWanted('memory')) rows.push(...(await memoryRows(twin, ours[0], say)));
  for (const round of ROUNDS.filter(({ key }) => isWanted(key))) {
    say(`${round.name} ...`);
    const theirs = await round.run(twin, bench.seconds);
    for (const who of round.onEtcd === undefined ? ours : [...ours, onEtcd]) {
      rows.push(rowOf(round, who, await round.run(who, bench.seconds), theirs));
    }
  }
  if (isWanted('fan-out')) rows.push(...(await fanOutRows(bench, twin, ours, say)));
  return rows;
}

function rowOf(round: Round, who: Contestant, mine: Result, theirs: Result): Row {
  const { p50Ms, p99Ms, serverUs, cpuShare } = mine.measured;
  return {
    measure: `${round.name}: ${who.name}`,
    value: mine.value,
    unit: round.unit,
    baseline: { name: 'twin', value: theirs.value },
    target: targetOf(round, who),
    notes:
      `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, ${serverUs.toFixed(0)} us of processor each ` +
      `(twin ${theirs.measured.p50Ms.toFixed(1)} ms, ${theirs.measured.p99Ms.toFixed(1)} ms, ` +
      `${theirs.measured.serverUs.toFixed(0)} us), client ${Math.round(cpuShare * 100)} % of a core`,
  };
}

function targetOf(round: Round, who: Contestant): Target {
  if (who.viaAggregator) return round.aggregated;
  return who.onEtcd === true && round.onEtcd !== undefined ? round.onEtcd : round.direct;
}

async function fanOutRows(
  bench: Bench,
  twin: Contestant,
  ours: readonly Contestant[],
  say: (line: string) => void,
): Promise<readonly Row[]> {
  say('fan-out ...');
  const theirs = await fanOut(bench, twin);
  const rows: Row[] = [];
  for (const who of ours) {
    const mine = await fanOut(bench, who);
    rows.push({
      measure: `watch fan-out to ${WATCHERS}: ${who.name}`,
      value: mine.eventsPerSecond,
      unit: 'events/s',
      baseline: { name: 'twin', value: theirs.eventsPerSecond },
      target: { is: 'ratio at least', limit: who.viaAggregator ? 1 : 3 },
      notes: `${mine.notes} (twin ${theirs.notes})`,
    });
  }
  return rows;
}

async function memoryRows(
  twin: Contestant,
  mine: Contestant | undefined,
  say: (line: string) => void,
): Promise<readonly Row[]> {
  if (mine === undefined) return [];
  say(`${MIXED_SECONDS} s of mixed load on each ...`);
  const theirs = await mixed(twin, MIXED_SECONDS);
  const ours = await mixed(mine, MIXED_SECONDS);
  return [
    {
      measure: `resident memory after loading ${OBJECTS} objects and ${MIXED_SECONDS} s of mixed load`,
      value: ours.after,
      unit: 'MiB',
      baseline: { name: 'kube-apiserver', value: theirs.after },
      target: { is: 'ratio at most', limit: 1 / 4 },
      notes: `at most ${ours.most.toFixed(0)} MiB (kube-apiserver ${theirs.most.toFixed(0)} MiB, etcd not counted)`,
    },
  ];
}
