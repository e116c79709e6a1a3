/** What a session of the hub sends to an agent that is spoken by hand: how much, in which order, and what not. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { createFakeClock, type FakeClock } from '../../apiserver/runtime/clock.ts';
import { digestOf } from '../../controllers/replica/digest.ts';
import {
  claimsOf,
  dialPuppet,
  livePuppet,
  registerPuppet,
  type Puppet,
  type PuppetIdentity,
} from '../support/puppet.ts';
import { PLANE, configMap, startControl, type Control } from '../support/replay.ts';

const SECOND = 1_000;

describe('replay flow', () => {
  let clock: FakeClock;
  let control: Control;
  let identity: PuppetIdentity;
  beforeEach(async () => {
    clock = createFakeClock(Date.now());
    control = await startControl({ clock });
    await control.addTenant('acme');
    await control.addPlane();
    identity = await registerPuppet(control);
  });
  afterEach(() => control.close());

  const dial = (): Promise<Puppet> => dialPuppet(control, identity);
  const live = (): Promise<Puppet> => livePuppet(control, identity);

  describe('sending', () => {
    it('sends no more than 64 bundles ahead of what is acknowledged', async () => {
      const works: PlaneWork[] = [];
      for (let i = 0; i < 70; i += 1) works.push(await control.addWork(`w${i}`, []));
      const puppet = await live();
      for (let i = 0; i < 64; i += 1) await puppet.next('PUT');
      await puppet.settled();
      assert.equal(puppet.bundles().length, 64);

      puppet.send({ type: 'RECEIVED', rv: puppet.bundles()[9]?.rv ?? 0 });
      for (let i = 0; i < 6; i += 1) await puppet.next('PUT');

      assert.equal(await control.count('polder_hub_sent_total'), 70);
      const rvs = puppet.bundles().map(({ rv }) => rv);
      assert.deepEqual(
        rvs,
        [...rvs].sort((a, b) => a - b),
        'not in revision order',
      );
    });

    it('buffers little for an agent that does not read, and then sends only what is newest', async () => {
      const puppet = await live();
      puppet.socket.pause();
      const blob = (): object => configMap('c', { blob: randomBytes(48 * 1024).toString('base64') });
      for (let i = 0; i < 40; i += 1) await control.addWork(`w${i}`, [blob()]);
      for (let i = 0; i < 5; i += 1) await control.setManifests('w39', [blob()]);
      const newest = await control.admin.get(PlaneWork, { namespace: 'tn-acme', name: 'w39' });
      // The hub has heard of all of it when a session of another plane has.
      await control.addPlane('us1');
      const other = await livePuppet(control, await registerPuppet(control, 'us1'));
      await control.addWork('last', [], { dataPlane: 'us1' });
      await other.next('PUT');

      const sentWhilePaused = await control.count('polder_hub_sent_total', { what: 'bundle' });
      assert.ok(sentWhilePaused <= 23, `${sentWhilePaused} bundles of 49 KiB are more than 1 MiB`);
      puppet.socket.resume();
      for (const seen = new Set<string>(); seen.size < 40;) {
        const { claims } = await puppet.next('PUT');
        seen.add(claims.uid);
        puppet.send({ type: 'RECEIVED', rv: claims.rv });
      }

      const last = puppet.bundles().filter(({ uid }) => uid === newest.metadata.uid);
      assert.deepEqual(
        last.map(({ gen }) => gen),
        [newest.metadata.generation],
      );
    });

    it('P4 signs a head over what it has sent, once all of it is on its way', async () => {
      await control.addWork('a', [configMap('a')]);
      await control.addWork('b', [configMap('b')]);
      const puppet = await live();
      const bundles = [await puppet.next('PUT'), await puppet.next('PUT')].map(({ claims }) => claims);
      const head = claimsOf((await puppet.next('HEAD')).jws) as unknown as Record<string, unknown>;

      assert.equal(head['digest'], digestOf(bundles));
      assert.deepEqual([head['count'], head['dp'], head['epoch']], [2, PLANE, 1]);
      puppet.send({ type: 'RECEIVED', rv: bundles[1]?.rv ?? 0 });
      await puppet.settled();
      clock.advance(60 * SECOND);

      assert.ok((await puppet.next('BOOKMARK')).rv >= (bundles[1]?.rv ?? Infinity));
    });

    it('sends an agent what differs, and only that', async () => {
      for (const name of ['same', 'older', 'lost', 'changed']) await control.addWork(name, [configMap(name)]);
      const first = await live();
      const claims = [];
      for (let i = 0; i < 4; i += 1) claims.push((await first.next('PUT')).claims);
      const [same, older, , changed] = claims;
      first.socket.close();
      await first.closed();
      const have = (each = same, over = {}): { uid: string; gen: number; hash8: string } => ({
        uid: each?.uid ?? '',
        gen: each?.gen ?? 0,
        hash8: each?.sha256.slice(0, 8) ?? '',
        ...over,
      });
      const bundles = [
        have(same),
        have(older, { gen: 0 }),
        have(changed, { hash8: 'deadbeef' }),
        { uid: 'unknown', gen: 3, hash8: 'deadbeef' },
      ];

      const puppet = await dial();
      await puppet.hello();
      assert.equal((await puppet.next('WELCOME')).mode, 'diff');
      puppet.send({ type: 'HAVE', bundles: bundles.slice(0, 2), last: false });
      puppet.send({ type: 'HAVE', bundles: bundles.slice(2), last: true });

      assert.equal((await puppet.next('SNAP_END')).count, 3);
      await puppet.settled();
      assert.deepEqual(
        puppet.bundles().map(({ uid }) => uid),
        claims.slice(1).map(({ uid }) => uid),
      );
      // P6: what it does not know it says, and deletes nothing for it.
      await control.lines.seen('a data plane holds bundles that this control plane does not know', {
        count: 1,
      });
    });

    it('never sends a bundle of a tenant that does not exist, and sends it when the tenant comes', async () => {
      const puppet = await live();
      await control.addWork('early', [], { tenant: 'globex' });
      await control.addWork('other', []);
      assert.equal((await puppet.next('PUT')).claims.ns, '');

      const globex = await control.addTenant('globex');

      assert.equal((await puppet.next('PUT')).claims.tenant, globex.metadata.uid);
    });
  });

  describe('resuming', () => {
    const position = (puppet: Puppet): { digest: string; cursor: { epoch: number; rv: number } } => ({
      digest: digestOf(puppet.bundles()),
      cursor: { epoch: 1, rv: Math.max(...puppet.bundles().map(({ rv }) => rv)) },
    });

    it('sends 0 bundles when the digests are equal, also from a hub that has restarted', async () => {
      for (const name of ['a', 'b', 'c']) await control.addWork(name, [configMap(name)]);
      const first = await live();
      for (let i = 0; i < 3; i += 1) {
        const { claims } = await first.next('PUT');
        const { uid, gen, rv } = claims;
        first.send({ type: 'RECEIVED', rv });
        first.send({ type: 'RESULT', uid, gen, state: 'Applied', objects: [], error: '' });
      }
      // The reports make newer versions of the works; their content is the same.
      for (const name of ['a', 'b', 'c']) await control.reported(name, 'Applied');
      const where = position(first);
      await control.stopHub();
      await first.closed();
      await control.startHub();

      const second = await dial();
      await second.hello(where);

      assert.equal((await second.next('WELCOME')).mode, 'resume');
      await second.next('HEAD');
      await second.settled();
      assert.deepEqual(second.bundles(), []);
      assert.equal(await control.count('polder_hub_sent_total'), 0);
      assert.equal(await control.count('polder_hub_session_mode_total', { mode: 'resume' }), 1);
    });

    it('resumes after the newest work of all was removed while the hub was away', async () => {
      await control.addWork('a', [configMap('a')]);
      const doomed = await control.addWork('z', []);
      const first = await live();
      for (let i = 0; i < 2; i += 1) {
        first.send({ type: 'RECEIVED', rv: (await first.next('PUT')).claims.rv });
      }
      await control.admin.delete(PlaneWork, { namespace: 'tn-acme', name: 'z' });
      await first.settled();
      clock.advance(SECOND);
      const { rv } = await first.next('BOOKMARK');
      const kept = first.bundles().filter(({ uid }) => uid !== doomed.metadata.uid);
      await control.stopHub();
      await control.startHub();

      const second = await dial();
      await second.hello({
        digest: digestOf(kept),
        cursor: { epoch: 1, rv: Math.max(rv, ...first.bundles().map((each) => each.rv)) },
      });

      assert.equal((await second.next('WELCOME')).mode, 'resume');
    });

    it('sends tombstones again until they are confirmed', async () => {
      await control.addWork('a', [configMap('a')]);
      const first = await live();
      const { claims } = await first.next('PUT');
      await control.bury('a');
      await first.next('DEL');
      first.socket.terminate();

      const second = await dial();
      await second.hello({ digest: digestOf([]), cursor: { epoch: 1, rv: claims.rv } });

      assert.equal((await second.next('WELCOME')).mode, 'resume');
      const tombstone = claimsOf((await second.next('DEL')).jws);
      assert.deepEqual([tombstone.typ, tombstone.uid, tombstone.mode], ['tombstone', claims.uid, 'delete']);
    });

    it('B4 quarantines an agent that is ahead, sends it nothing, and serves the others', async () => {
      await control.addWork('a', [configMap('a')]);
      const ahead = await dial();
      await ahead.hello({ cursor: { epoch: 1, rv: 1_000_000 } });

      assert.equal((await ahead.next('WELCOME')).mode, 'quarantine');
      assert.ok((await ahead.next('RV_AHEAD')).headRV < 1_000_000);
      await control.setManifests('a', [configMap('b')]);
      await control.bury('a');
      await control.addPlane('us1');
      const other = await livePuppet(control, await registerPuppet(control, 'us1'));
      await control.addWork('b', [], { dataPlane: 'us1' });
      await other.next('PUT');
      for (let i = 0; i < 3; i += 1) {
        clock.advance(20 * SECOND);
        await ahead.settled();
      }

      assert.deepEqual(
        ahead.received.map(({ type }) => type),
        ['CHALLENGE', 'WELCOME', 'RV_AHEAD'],
      );
      assert.equal(await control.count('polder_hub_session_mode_total', { mode: 'quarantine' }), 1);
    });

    it('quarantines an agent that was registered in a later epoch', async () => {
      const puppet = await dial();

      await puppet.hello({}, { epoch: 9 });

      assert.equal((await puppet.next('WELCOME')).mode, 'quarantine');
    });
  });
});
