/** The agent in a process of its own: killed with -9 at any moment, and looked at from outside. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigMap } from '../../apiserver/kinds/native/config-map.ts';
import { BUNDLE_LABEL } from '../../controllers/agent/plane-objects.ts';
import type { AgentProcessOptions } from '../support/agent-process.ts';
import { configMap, namespaceOf } from '../support/replay.ts';
import { startPair, type Pair } from '../support/replay-pair.ts';
import { random } from './random.ts';

const SPACE = 'tenant-acme';
const ROUNDS = 8;

describe('an agent process', function () {
  this.timeout(120_000);
  let pair: Pair;
  let directory = '';
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    pair = await startPair();
    const enrolled = await pair.connected();
    await enrolled.close();
    directory = enrolled.directory;
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await pair.close();
  });

  const start = (): ChildProcess => {
    const options: AgentProcessOptions = {
      hub: pair.control.url,
      hubCa: pair.control.ca,
      plane: pair.plane.url,
      planeCa: pair.plane.ca,
      planeToken: pair.plane.tokenOf('agent-eu1'),
      directory,
    };
    const child = spawn(process.execPath, [resolve(import.meta.dirname, '../support/agent-process.ts')], {
      env: { ...process.env, POLDER_TEST_AGENT: JSON.stringify(options) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children.push(child);
    return child;
  };

  const onPlane = async (): Promise<readonly string[]> => {
    const { items } = await pair.plane.admin.list(ConfigMap, { labelSelector: BUNDLE_LABEL });
    return items.map(({ metadata }) => metadata.name).sort();
  };
  const inInventory = (): ReadonlySet<string> =>
    new Set(
      readdirSync(directory)
        .filter((name) => name.startsWith('inventory-'))
        .flatMap((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as { name: string }[])
        .map(({ name }) => name),
    );

  it('P7 survives kill -9 at random moments', async () => {
    const seed = Number(process.env['POLDER_TEST_SEED'] ?? Date.now() % 100_000);
    const next = random(seed);
    await pair.control.addWork('w', [namespaceOf(pair.tenant)]);
    let wanted: readonly string[] = [];
    const changed = (): Promise<unknown> => {
      wanted = Array.from({ length: 24 }, (_, i) => `m${i}`)
        .filter(() => next(2) === 0)
        .sort();
      return pair.control.setManifests('w', [
        ...wanted.map((name) => configMap(name)),
        namespaceOf(pair.tenant),
      ]);
    };
    let inTheMiddle = 0;

    for (let round = 0; round < ROUNDS; round += 1) {
      await changed();
      const from = pair.control.lines.all.length;
      const child = start();
      await pair.control.lines.seen('agent connected', {}, from);
      // The moment is the point of the test; whatever it is, the result must be the same.
      await new Promise((done) => setTimeout(done, next(120)));
      child.kill('SIGKILL');
      await once(child, 'close');
      const there = await onPlane();
      const known = inInventory();
      for (const name of there) assert.ok(known.has(name), `seed ${seed}: ${name} is not in the inventory`);
      if (there.join() !== wanted.join()) inTheMiddle += 1;
    }
    await changed();
    start();
    await pair.control.reported('w', 'Applied');

    console.log(`      seed ${seed}: ${ROUNDS} kills, ${inTheMiddle} of them in the middle of work`);
    assert.deepEqual(await onPlane(), wanted, `seed ${seed}`);
  });

  it('A19 listens nowhere and dials out only', async function () {
    if (!existsSync('/proc/net/tcp')) this.skip();
    await pair.control.addWork('w', [namespaceOf(pair.tenant), configMap('a')]);
    const child = start();
    await pair.control.reported('w', 'Applied');

    const sockets = new Set(
      readdirSync(`/proc/${child.pid}/fd`).flatMap((fd) => {
        try {
          return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${child.pid}/fd/${fd}`))?.[1] ?? [];
        } catch {
          return [];
        }
      }),
    );
    const ours = ['tcp', 'tcp6'].flatMap((table) =>
      readFileSync(`/proc/${child.pid}/net/${table}`, 'utf8')
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/ +/))
        .filter((fields) => sockets.has(fields[9] ?? '')),
    );
    const ports = [pair.control.url, pair.plane.url].map((url) => Number(new URL(url).port));

    assert.ok(ours.length >= 2, 'no connection was found');
    for (const fields of ours) {
      const remote = Number.parseInt((fields[2] ?? '').split(':')[1] ?? '', 16);
      assert.ok(ports.includes(remote), `a socket in state ${fields[3]} to port ${remote}`);
    }
    assert.equal(existsSync(join(directory, 'registration.json')), true);
    assert.equal(
      (await pair.plane.admin.get(ConfigMap, { namespace: SPACE, name: 'a' })).data?.['key'],
      'value',
    );
  });
});
