/** A cluster with the registrations of our webhooks on it, a clock that the test moves, and what looks after both. */
import type { Client } from '../../apiserver/client/client.ts';
import { WEBHOOK_CONFIGURATIONS, WEBHOOKS_NAME } from '../../apiserver/host/injection.ts';
import type { LookLoop } from '../../apiserver/host/look-loop.ts';
import { Event } from '../../apiserver/kinds/native/event.ts';
import { createFakeClock, type FakeClock } from '../../apiserver/runtime/clock.ts';
import { createLog, type Log } from '../../apiserver/runtime/log.ts';
import { webhookConfigurations } from '../../webhooks/registrations.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { until } from './until.ts';

export interface HostCluster {
  readonly admin: Client;
  readonly clock: FakeClock;
  /** What was logged in this test. */
  readonly lines: readonly string[];
  readonly log: Log;
  /** Events in the namespace of cluster-wide objects. */
  events(): Promise<readonly Event[]>;
  /** Starts what looks after the cluster; it is closed after the test. */
  run(loop: LookLoop): void;
  /** Moves time on by `stepMs` (default 1 s) until it is done, while requests are answered in between. */
  pass(what: string, done: () => Promise<boolean>, stepMs?: number): Promise<void>;
}

const namespace = 'default';

/** One API server in memory for all tests of this `describe`; clock, lines, registrations and Events are new in each. */
export function useHostCluster(): HostCluster {
  let plane: ControlPlane;
  let clock: FakeClock;
  let lines: string[];
  const loops: LookLoop[] = [];
  const events = async (): Promise<readonly Event[]> => (await plane.admin.list(Event, { namespace })).items;
  before(async () => {
    plane = await startControlPlane({ reconcilers: [] });
  });
  after(() => plane.close());
  beforeEach(async () => {
    clock = createFakeClock(Date.now());
    lines = [];
    for (const [index, kind] of WEBHOOK_CONFIGURATIONS.entries()) {
      await plane.admin.create(kind, webhookConfigurations()[index] as never);
    }
  });
  afterEach(async () => {
    for (const loop of loops.splice(0)) await loop.close();
    for (const kind of WEBHOOK_CONFIGURATIONS) await plane.admin.delete(kind, { name: WEBHOOKS_NAME });
    for (const { metadata } of await events())
      await plane.admin.delete(Event, { namespace, name: metadata.name });
  });
  return {
    get admin() {
      return plane.admin;
    },
    get clock() {
      return clock;
    },
    get lines() {
      return lines;
    },
    log: createLog({ write: (line) => lines.push(line) }),
    events,
    run: (loop) => {
      loops.push(loop);
      loop.start();
    },
    pass: (what, done, stepMs = 1_000) =>
      until(what, async () => {
        clock.advance(stepMs);
        return done();
      }),
  };
}
