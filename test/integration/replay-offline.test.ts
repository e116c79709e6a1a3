/** The plane without its control plane, with a wrong one, or with one that wants nothing more to do with it. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { ConfigMap } from '../../apiserver/kinds/native/config-map.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { conditionOf, conditionStatus } from '../../apiserver/kinds/status.ts';
import { createFakeClock, systemClock } from '../../apiserver/runtime/clock.ts';
import { createSqliteStore } from '../../apiserver/store/sqlite/store.ts';
import { createDataPlaneReconciler } from '../../controllers/reconcilers/data-plane.ts';
import { livePuppet, registerPuppet } from '../support/puppet.ts';
import {
  PLANE,
  TENANT_SPACE,
  configMap,
  namespaceOf,
  startControl,
  type Control,
} from '../support/replay.ts';
import { startPair, type Pair } from '../support/replay-pair.ts';

const SPACE = 'tenant-acme';
const SECOND = 1_000;
const ref = (name: string): { namespace: string; name: string } => ({ namespace: SPACE, name });

describe('a plane on its own', () => {
  let pair: Pair;
  const controls: Control[] = [];
  beforeEach(async () => {
    pair = await startPair();
  });
  afterEach(async () => {
    await pair.close();
    for (const control of controls.splice(0)) await control.close();
  });
  const startOther = async (options: Parameters<typeof startControl>[0]): Promise<Control> => {
    const control = await startControl(options);
    controls.push(control);
    return control;
  };
  const stop = async (control: Control): Promise<void> => {
    controls.splice(controls.indexOf(control), 1);
    await control.close();
  };
  const slice = (...names: readonly string[]): readonly object[] => [
    namespaceOf(pair.tenant),
    ...names.map((name) => configMap(name)),
  ];

  it('B1 B2 repairs drift from its disk while the control plane is down, also after a restart of the agent', async () => {
    await pair.control.addWork('w', slice('a', 'b'));
    const agent = await pair.connected();
    await pair.control.reported('w', 'Applied');
    await pair.control.stopHub();
    await agent.lines.seen('replay link is down');
    const gone = async (name: string): Promise<void> => {
      const { uid } = (await pair.plane.admin.get(ConfigMap, ref(name))).metadata;
      await pair.plane.admin.delete(ConfigMap, ref(name));
      await pair.plane.until(ConfigMap, ref(name), ({ metadata }) => metadata.uid !== uid);
    };
    await gone('a');
    await agent.close();
    await pair.plane.admin.delete(ConfigMap, ref('b'));

    const offline = await pair.agent({ directory: agent.directory, hub: 'https://127.0.0.1:1' });

    await pair.plane.until(ConfigMap, ref('b'), () => true);
    await gone('a');
    assert.equal(await offline.count('polder_agent_bundles_received_total'), 0);
    await offline.close();
    // Back again, it resumes: nothing is sent.
    await pair.control.startHub();
    await pair.connected({ directory: agent.directory });
    assert.equal(await pair.control.count('polder_hub_session_mode_total', { mode: 'resume' }), 1);
    assert.equal(await pair.control.count('polder_hub_sent_total'), 0);
  });

  it('is sent again what was damaged on its disk, and nothing else', async () => {
    await pair.control.addWork('w', slice('a'));
    await pair.control.addWork('other', [configMap('b')]);
    const agent = await pair.connected();
    const work = await pair.control.reported('w', 'Applied');
    await pair.control.reported('other', 'Applied');
    await agent.close();
    const uid = (await pair.plane.admin.get(ConfigMap, ref('a'))).metadata.uid;
    const file = join(agent.directory, `bundle-${work.metadata.uid}`);
    const bytes = readFileSync(file);
    bytes[bytes.length - 9] = (bytes.at(-9) ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const before = await pair.control.count('polder_hub_sent_total');

    const again = await pair.connected({ directory: agent.directory });

    await again.lines.seen('files of the agent do not verify and are left out');
    await again.lines.seen('bundle stored', { uid: work.metadata.uid, is: 'accepted' });
    assert.equal((await pair.control.count('polder_hub_sent_total')) - before, 1);
    assert.equal((await pair.plane.admin.get(ConfigMap, ref('a'))).metadata.uid, uid);
  });

  it('O17 goes on for its tenants when it is revoked, and connects again with a new token', async () => {
    await pair.control.addWork('w', slice('a'));
    const asked: boolean[] = [];
    const token = Promise.withResolvers<string>();
    const askedAgain = Promise.withResolvers<undefined>();
    const agent = await pair.connected({
      token: ({ refused }) => {
        asked.push(refused);
        if (refused) askedAgain.resolve(undefined);
        return refused ? token.promise : pair.control.mintToken();
      },
    });
    await pair.control.reported('w', 'Applied');

    await pair.control.admin.patch(
      DataPlane,
      { name: PLANE },
      { status: { publicKeys: null } },
      { subresource: 'status' },
    );

    await agent.lines.seen('replay link is down', { code: 4401 });
    await askedAgain.promise;
    assert.deepEqual(asked, [false, true]);
    await pair.plane.admin.delete(ConfigMap, ref('a'));
    await pair.plane.until(ConfigMap, ref('a'), () => true);
    assert.equal(existsSync(join(agent.directory, 'registration.json')), true);
    const from = pair.control.lines.all.length;
    const sent = await pair.control.count('polder_hub_sent_total');
    token.resolve(await pair.control.mintToken());
    const connected = await pair.control.lines.seen('agent connected', {}, from);

    assert.equal(connected['mode'], 'diff');
    await pair.control.setManifests('w', slice('a', 'b'));
    await pair.plane.until(ConfigMap, ref('b'), () => true);
    assert.equal((await pair.control.count('polder_hub_sent_total')) - sent, 1, 'it was sent what it had');
    assert.equal((await pair.control.admin.get(DataPlane, { name: PLANE })).status?.epoch, 2);
  });

  it('B4 deletes nothing for a control plane that does not know it', async () => {
    await pair.control.addWork('w', slice('a'));
    const agent = await pair.connected();
    await pair.control.reported('w', 'Applied');
    await agent.close();
    const empty = await startOther({});
    const before = (await pair.plane.admin.list(ConfigMap)).items;

    const lost = await pair.agent({
      directory: agent.directory,
      hub: empty.url,
      ca: empty.ca,
      // As a person who gives no token, and has not read that the agent may stop.
      token: () => new Promise<string>(() => undefined),
    });

    await lost.lines.seen('replay link is down', { code: 4401 });
    assert.deepEqual((await pair.plane.admin.list(ConfigMap)).items, before);
    assert.equal(readdirSync(agent.directory).filter((name) => name.startsWith('bundle-')).length, 1);
  });

  it('B4 is quarantined by a control plane that was restored from a backup, and changes nothing', async () => {
    const signingKey = generateKeyPairSync('ed25519').privateKey;
    const live = pair.folder();
    const backup = pair.folder();
    const startOn = (folder: string): Promise<Control> =>
      startOther({
        signingKey,
        store: createSqliteStore({ file: join(folder, 'store.db'), clock: systemClock }),
      });
    const first = await startOn(live);
    const tenant = await first.addTenant('acme');
    await first.addPlane();
    const maps = (...names: readonly string[]): readonly object[] => [
      namespaceOf(tenant),
      ...names.map((name) => configMap(name)),
    ];
    await first.addWork('w', maps('old'));
    const agent = await pair.agent({ hub: first.url, ca: first.ca, token: () => first.mintToken() });
    await first.reported('w', 'Applied');
    await agent.close();
    await stop(first);
    cpSync(live, backup, { recursive: true });
    const second = await startOn(live);
    await second.setManifests('w', maps('new'));
    const later = await pair.agent({ directory: agent.directory, hub: second.url, ca: second.ca });
    await second.reported('w', 'Applied');
    await later.close();
    await stop(second);

    const restored = await startOn(backup);
    await pair.agent({ directory: agent.directory, hub: restored.url, ca: restored.ca });
    await restored.lines.seen('agent connected', { mode: 'quarantine' });
    await restored.setManifests('w', maps('older'));
    await restored.bury('w');
    // The agent goes on keeping what it has.
    const { uid } = (await pair.plane.admin.get(ConfigMap, ref('new'))).metadata;
    await pair.plane.admin.delete(ConfigMap, ref('new'));
    await pair.plane.until(ConfigMap, ref('new'), ({ metadata }) => metadata.uid !== uid);

    assert.equal(await restored.count('polder_hub_sent_total'), 0);
    assert.equal(await pair.plane.admin.find(ConfigMap, ref('older')), undefined);
    const stored = await restored.admin.get(PlaneWork, { namespace: TENANT_SPACE, name: 'w' });
    assert.notEqual(conditionOf(stored, 'Applied')?.reason, 'Deleted');
  });
});

describe('heartbeats', () => {
  it('A4 reports a plane as not connected after three missed beats, and as connected with the next', async () => {
    const clock = createFakeClock(Date.now());
    const control = await startControl({ clock, reconcilers: [createDataPlaneReconciler] });
    try {
      await control.addPlane();
      const puppet = await livePuppet(control, await registerPuppet(control));
      const beat = (): void =>
        puppet.send({
          type: 'HB',
          epoch: 1,
          rv: 5,
          digest: 'd1',
          bundles: 0,
          queued: 0,
          driftCorrected: 4,
          components: [
            { name: 'agent', sync: 'Synced', health: 'Healthy', version: '1.2.3', message: '' },
            { name: 'prometheus', sync: 'Synced', health: 'Degraded', version: '', message: 'stopped' },
          ],
          clock: '',
        });
      const until = (status: string, reason: string): Promise<DataPlane> =>
        control.until(DataPlane, { name: PLANE }, (plane) => {
          const connected = conditionOf(plane, 'Connected');
          return connected?.status === status && connected.reason === reason;
        });
      beat();
      const plane = await until('True', 'Heartbeat');
      assert.deepEqual(
        [plane.status?.appliedRevision, plane.status?.digest, plane.status?.driftCorrections],
        [5, 'd1', 4],
      );
      assert.equal(plane.status?.components?.length, 2);
      await control.until(DataPlane, { name: PLANE }, (each) => conditionStatus(each, 'Degraded') === 'True');

      // The process is frozen, its sockets are not.
      for (let i = 0; i < 8; i += 1) {
        clock.advance(20 * SECOND);
        await puppet.settled();
      }
      const late = await control.admin.get(DataPlane, { name: PLANE });
      assert.equal(conditionStatus(late, 'Connected'), 'True', 'after 160 s');
      clock.advance(20 * SECOND);

      const silent = await until('False', 'HeartbeatMissed');
      assert.equal(silent.status?.agent?.connected, true);
      beat();
      await until('True', 'Heartbeat');
      assert.equal(await control.count('polder_hub_registrations_total', { result: 'registered' }), 1);

      puppet.socket.terminate();
      const gone = await until('False', 'Disconnected');
      assert.equal(gone.status?.agent?.connected, false);
      assert.notEqual(gone.status.agent.lastDisconnectedTime, undefined);
    } finally {
      await control.close();
    }
  });
});
