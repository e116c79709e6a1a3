/** Against a real API server in memory, with a clock that the test moves. */
import assert from 'node:assert/strict';
import { useHostCluster } from '../../test/support/host-cluster.ts';
import { until } from '../../test/support/until.ts';
import { webhookConfigurations } from '../../webhooks/registrations.ts';
import { ApiError } from '../api/errors.ts';
import { at, type JsonObject } from '../api/json.ts';
import type { Client } from '../client/client.ts';
import { timestamp } from '../runtime/clock.ts';
import { createMetrics, type Metrics } from '../runtime/metrics.ts';
import {
  ANNOTATIONS,
  breakGlassOf,
  isBreakable,
  isOver,
  opening,
  openWithoutTrace,
} from './break-glass-state.ts';
import { createBreakGlassKeeper } from './break-glass.ts';
import { WEBHOOK_CONFIGURATIONS, WEBHOOKS_NAME } from './injection.ts';

const MINUTE_MS = 60_000;
const ref = { name: WEBHOOKS_NAME };
const [Mutating, Validating] = WEBHOOK_CONFIGURATIONS as unknown as readonly [Any, Any];
type Any = (typeof WEBHOOK_CONFIGURATIONS)[number];

describe('break-glass', function () {
  this.timeout(30_000);
  const host = useHostCluster();
  const { log } = host;
  let metrics: Metrics;

  const begin = async (forMs: number, by = 'ann'): Promise<void> => {
    const wanted = { untilMs: host.clock.now() + forMs, by, reason: 'webhooks are down' };
    for (const kind of WEBHOOK_CONFIGURATIONS) {
      const patch = opening(await host.admin.get(kind, ref), wanted)?.patch ?? assert.fail();
      await host.admin.patch(kind, ref, patch);
    }
  };
  const annotate = (kind: Any, annotations: JsonObject): Promise<JsonObject> =>
    host.admin.patch(kind, ref, { metadata: { annotations } });
  /** A process that starts now. */
  const keep = (): void => {
    metrics = createMetrics();
    host.run(createBreakGlassKeeper({ client: host.admin, clock: host.clock, log, metrics }));
  };
  const policies = async (kind: Any): Promise<Record<string, unknown>> => {
    const hooks = (await host.admin.get(kind, ref))['webhooks'] as JsonObject[];
    return Object.fromEntries(hooks.map(({ name, failurePolicy }) => [String(name), failurePolicy]));
  };
  const shows = async (value: 0 | 1): Promise<boolean> =>
    (await metrics.scrape()).includes(`polder_webhook_break_glass ${value}\n`);
  const glass = async (kind: Any): Promise<unknown> => breakGlassOf(await host.admin.get(kind, ref));
  const isBack = async (): Promise<boolean> => {
    const found = await Promise.all(WEBHOOK_CONFIGURATIONS.map(glass));
    return found.every((each) => each === undefined);
  };

  const CLOSED = {
    'isolation.polder.dev': 'Fail',
    'namespaces.isolation.polder.dev': 'Fail',
    'connect.polder.dev': 'Fail',
    'advice.polder.dev': 'Ignore',
  };
  const OPEN = {
    ...CLOSED,
    'isolation.polder.dev': 'Ignore',
    'namespaces.isolation.polder.dev': 'Ignore',
  };

  it('lets go what keeps tenants apart and what changes objects, and puts exactly that back when its time is over', async () => {
    await begin(30 * MINUTE_MS);
    const before = await host.admin.get(Validating, ref);
    keep();
    await until('it is seen', () => shows(1));
    assert.deepEqual(await policies(Validating), OPEN);
    assert.deepEqual(await policies(Mutating), { 'mutate.polder.dev': 'Ignore' });
    assert.match(host.lines.join(''), /"break-glass is on".*"by":"ann","reason":"webhooks are down"/);

    host.clock.advance(28 * MINUTE_MS);
    await annotate(Validating, { [ANNOTATIONS.by]: 'bob' });
    await host.pass('another look', async () => host.lines.join('').includes('"by":"bob"'));
    assert.deepEqual(await policies(Validating), OPEN, 'shortly before its time');

    await host.pass('it is put back', isBack, 5_000);
    assert.deepEqual(await policies(Validating), CLOSED);
    assert.deepEqual(await policies(Mutating), { 'mutate.polder.dev': 'Fail' });
    await until('the metric says so', () => shows(0));
    const after = await host.admin.get(Validating, ref);
    const untouched = (object: JsonObject): unknown =>
      (object['webhooks'] as JsonObject[]).map((hook) => ({ ...hook, failurePolicy: '' }));
    assert.deepEqual(untouched(after), untouched(before));
    await until('both are told', async () => {
      return (await host.events()).filter(({ reason }) => reason === 'BreakGlassEnded').length === 2;
    });
    const told = (await host.events()).map(({ message }) => message);
    assert.match(told.join('\n'), /the time that bob asked for ended/);
  });

  it('is put back by a process that starts after its time', async () => {
    await begin(MINUTE_MS);
    host.clock.advance(2 * MINUTE_MS);
    keep();
    await until('it is put back', isBack);
    assert.deepEqual(await policies(Validating), CLOSED);
  });

  it('is over at once when the deadline is missing, senseless, or further away than allowed', async () => {
    const far = timestamp(host.clock.now() + 24 * 60 * MINUTE_MS);
    for (const until_ of [null, 'soon', far]) {
      await begin(30 * MINUTE_MS);
      await annotate(Validating, { [ANNOTATIONS.until]: until_ });
      await annotate(Mutating, { [ANNOTATIONS.until]: until_ });
      keep();
      await host.pass('it is put back', isBack);
      assert.deepEqual(await policies(Validating), CLOSED, String(until_));
    }
  });

  it('puts the entries back although somebody took their names away', async () => {
    await begin(MINUTE_MS);
    await annotate(Validating, { [ANNOTATIONS.entries]: null });
    host.clock.advance(2 * MINUTE_MS);
    keep();
    await until('it is put back', isBack);
    assert.deepEqual(await policies(Validating), CLOSED);
  });

  it('is over when somebody took every trace of it away', async () => {
    await begin(30 * MINUTE_MS);
    keep();
    await until('it is seen', () => shows(1));
    const nothing = Object.fromEntries(Object.values(ANNOTATIONS).map((key) => [key, null]));
    for (const kind of WEBHOOK_CONFIGURATIONS) await annotate(kind, nothing);
    assert.deepEqual(await policies(Validating), OPEN);
    const traceless = openWithoutTrace(await host.admin.get(Validating, ref));
    assert.deepEqual(traceless?.entries, ['isolation.polder.dev', 'namespaces.isolation.polder.dev']);
    await host.pass(
      'it is put back',
      async () => (await policies(Validating))['isolation.polder.dev'] === 'Fail',
    );
    assert.deepEqual(await policies(Validating), CLOSED);
    await host.pass(
      'the other one too',
      async () => (await policies(Mutating))['mutate.polder.dev'] === 'Fail',
    );
    await until('the metric says so', () => shows(0));
    assert.equal(openWithoutTrace(await host.admin.get(Validating, ref)), undefined);
    await until('it is told', async () => {
      return (await host.events()).some(({ message }) => /took away the annotations/.test(message ?? ''));
    });
  });

  it('is over when somebody put the entries back, which nobody undoes', async () => {
    await begin(30 * MINUTE_MS);
    keep();
    await until('it is seen', () => shows(1));
    for (const [index, kind] of WEBHOOK_CONFIGURATIONS.entries()) {
      // As kubectl apply of the manifests does.
      await host.admin.patch(kind, ref, { webhooks: webhookConfigurations()[index]?.['webhooks'] });
    }
    await host.pass('the annotations go', isBack);
    assert.deepEqual(await policies(Validating), CLOSED);
    await until('the metric says so', () => shows(0));
  });

  it('tries again with patience while the cluster does not take what is put back, and is on meanwhile', async () => {
    for (const until_ of [timestamp(host.clock.now() - MINUTE_MS), 'soon']) {
      await begin(MINUTE_MS);
      await annotate(Mutating, { [ANNOTATIONS.until]: until_ });
      let tries = 0;
      let isWilling = false;
      metrics = createMetrics();
      const client: Pick<Client, 'find' | 'patch' | 'create'> = {
        ...host.admin,
        patch: async (...args) => {
          tries += 1;
          if (!isWilling) throw new ApiError('Forbidden', 'not now');
          return host.admin.patch(...args);
        },
      };
      host.run(createBreakGlassKeeper({ client, clock: host.clock, log, metrics }));
      await until('the first try', () => tries > 0);
      await host.pass('the second', async () => Promise.resolve(tries > 1), 100);
      const before = tries;
      for (let step = 0; step < 10; step += 1) {
        host.clock.advance(100);
        await host.admin.get(Mutating, ref);
      }
      assert.ok(tries - before <= 1, `${tries - before} tries within a second`);
      assert.ok(await shows(1));
      isWilling = true;
      await annotate(Validating, { [ANNOTATIONS.until]: until_ });
      await host.pass('it is put back', isBack);
      await until('the metric says so', () => shows(0));
    }
  });

  it('may be lengthened and handed on, and remembers what has to be put back', async () => {
    await begin(MINUTE_MS);
    await begin(60 * MINUTE_MS, 'bob');
    keep();
    await until('it is seen', () => shows(1));
    host.clock.advance(2 * MINUTE_MS);
    await host.pass('another look', () => shows(1));
    assert.deepEqual(await policies(Validating), OPEN);
    assert.equal(at(await glass(Validating), 'by'), 'bob');
    await annotate(Validating, { [ANNOTATIONS.until]: timestamp(host.clock.now()) });
    await annotate(Mutating, { [ANNOTATIONS.until]: timestamp(host.clock.now()) });
    await host.pass('it is put back', isBack);
    assert.deepEqual(await policies(Validating), CLOSED);
  });

  it('leaves what its owner lets fail open as it is', () => {
    const open = structuredClone(webhookConfigurations()[1] ?? assert.fail());
    for (const hook of open['webhooks'] as { failurePolicy: string }[]) hook.failurePolicy = 'Ignore';
    assert.equal(opening(open, { untilMs: 0, by: '', reason: '' }), undefined);
    const entries = webhookConfigurations().flatMap((each) => each['webhooks'] as JsonObject[]);
    assert.deepEqual(entries.map(({ name }) => String(name)).filter(isBreakable), [
      'mutate.polder.dev',
      'isolation.polder.dev',
      'namespaces.isolation.polder.dev',
    ]);
    assert.equal(isBreakable('evil-isolation.polder.dev'), false);
  });

  it('is not over before its deadline, also with clocks that differ a little', () => {
    const now = Date.now();
    const glassUntil = (untilMs: number): boolean =>
      isOver({ untilMs, by: '', reason: '', entries: [] }, now);
    assert.equal(glassUntil(now + 1), false);
    assert.equal(glassUntil(now), true);
    assert.equal(glassUntil(now + 4 * 60 * MINUTE_MS + MINUTE_MS), false);
    assert.equal(glassUntil(now + 4 * 60 * MINUTE_MS + 6 * MINUTE_MS), true);
  });
});
