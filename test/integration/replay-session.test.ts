/** One session on the hub, spoken to by hand: who is let in, who holds a plane, and what ends it. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { createFakeClock, type FakeClock } from '../../apiserver/runtime/clock.ts';
import { REPLAY_PATH } from '../../controllers/hub/hub.ts';
import { createProver } from '../../controllers/hub/plane-identity.ts';
import { MAX_UPLINK_BYTES, PROTOCOL } from '../../controllers/replica/messages.ts';
import { publicJwkOf, signClaims } from '../../controllers/replica/signature.ts';
import {
  dialPuppet,
  livePuppet,
  registerPuppet,
  type Puppet,
  type PuppetIdentity,
} from '../support/puppet.ts';
import { PLANE, startControl, type Control } from '../support/replay.ts';

const SECOND = 1_000;

describe('replay session', () => {
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

  const dial = (options?: { readonly autoPong?: boolean }): Promise<Puppet> =>
    dialPuppet(control, identity, options);
  const live = (): Promise<Puppet> => livePuppet(control, identity);
  const planeIs = (wanted: (plane: DataPlane) => boolean): Promise<DataPlane> =>
    control.until(DataPlane, { name: PLANE }, wanted);

  describe('opening', () => {
    it('challenges, takes the proof, and reports the plane as connected', async () => {
      const puppet = await dial();
      await puppet.hello();

      const welcome = await puppet.next('WELCOME');

      assert.deepEqual([welcome.proto, welcome.epoch, welcome.mode], [PROTOCOL, 1, 'diff']);
      assert.deepEqual(
        [welcome.heartbeatSeconds, welcome.usageSeconds, welcome.reconcileSeconds, welcome.paused],
        [60, 120, 300, false],
      );
      const plane = await planeIs(({ status }) => status?.agent?.connected === true);
      assert.equal(plane.status?.agent?.version, 'puppet');
      assert.equal(await control.count('polder_hub_sessions'), 1);
    });

    it('ends with 4408 when no HELLO comes within 10 s', async () => {
      const puppet = await dial();
      clock.advance(9 * SECOND);
      await puppet.settled();
      assert.equal(puppet.socket.readyState, WebSocket.OPEN);

      clock.advance(SECOND);

      assert.equal((await puppet.closed()).code, 4408);
    });

    const WRONG: Readonly<Record<string, (puppet: Puppet) => Promise<void>>> = {
      'the proof is made with another key': async (puppet) => {
        const other = generateKeyPairSync('ed25519').privateKey;
        const { kid } = await publicJwkOf(identity.sign);
        const claims = { typ: 'proof', nonce: 'n', dp: PLANE, instanceId: 'puppet', epoch: 1 } as const;
        await puppet.hello({ proof: await signClaims(other, kid, claims) });
      },
      'the proof is for an earlier challenge': (puppet) => puppet.hello({}, { nonce: 'of-yesterday' }),
      'the proof is for another plane': (puppet) => puppet.hello({}, { dp: 'us1' }),
      'the proof is for another instance': (puppet) => puppet.hello({}, { instanceId: 'other' }),
      'the proof is no signature': (puppet) => puppet.hello({ proof: 'x.y.z' }),
      'a bundle signature is shown for a proof': async (puppet) => {
        const { kid } = await publicJwkOf(identity.sign);
        const head = { typ: 'head', dp: PLANE, epoch: 1, headRV: 1, count: 0, digest: '', iat: 0 } as const;
        await puppet.hello({ proof: await signClaims(identity.sign, kid, head) });
      },
    };
    for (const [name, say] of Object.entries(WRONG)) {
      it(`D9 ends with 4401 when ${name}`, async () => {
        const puppet = await dial();

        await say(puppet);

        assert.equal((await puppet.closed()).code, 4401);
        assert.equal(
          puppet.received.some(({ type }) => type === 'WELCOME'),
          false,
        );
      });
    }

    it('gives unknown, unregistered and revoked planes the same answer', async () => {
      await control.addPlane('pending');
      await control.addPlane('revoked');
      const revoked = await registerPuppet(control, 'revoked');
      await control.admin.patch(
        DataPlane,
        { name: 'revoked' },
        { status: { publicKeys: null } },
        { subresource: 'status' },
      );
      await control.until(DataPlane, { name: 'revoked' }, ({ status }) => status?.publicKeys === undefined);
      const names = ['nobody', 'pending', 'revoked', '../../dataplanes/eu1', ''];

      const ends = await Promise.all(
        names.map(async (dataPlane) => {
          const puppet = await dialPuppet(control, { ...revoked, dataPlane: encodeURIComponent(dataPlane) });
          await puppet.hello({}, { dp: dataPlane });
          return puppet.closed();
        }),
      );

      for (const end of ends) assert.deepEqual(end, { code: 4401, reason: 'unauthorized' });
    });

    it('accepts by a live read what its own copy does not know yet', async () => {
      const hello = {
        type: 'HELLO',
        protos: [],
        agentVersion: '',
        instanceId: 'puppet',
        clusterUID: '',
        cursor: { epoch: 0, rv: 0 },
        digest: '',
      } as const;
      const { kid } = await publicJwkOf(identity.sign);
      const claims = { typ: 'proof', nonce: 'n', dp: PLANE, instanceId: 'puppet', epoch: 1 } as const;
      const proof = await signClaims(identity.sign, kid, claims);
      const prove = createProver({ client: control.admin, clock, cached: () => undefined });

      const { plane, agentEpoch } = await prove(PLANE, 'n', { ...hello, proof });

      assert.deepEqual([plane.kid, plane.epoch, agentEpoch], [kid, 1, 1]);
      // Strangers cannot make it read as often as they like.
      for (let i = 0; i < 19; i += 1) await prove(PLANE, 'n', { ...hello, proof });
      await assert.rejects(prove(PLANE, 'n', { ...hello, proof }), { name: 'SignatureError' });
      clock.advance(SECOND);
      await prove(PLANE, 'n', { ...hello, proof });
    });

    it('takes at most 256 sockets that have not proven themselves', async () => {
      const url = `${control.url.replace('https', 'wss')}${REPLAY_PATH}?dataPlane=${PLANE}`;
      const sockets = Array.from({ length: 256 }, () => new WebSocket(url, { ca: control.ca }));
      await Promise.all(sockets.map((socket) => once(socket, 'message')));

      const late = new WebSocket(url, { ca: control.ca });
      const [error] = (await once(late, 'error')) as [Error];

      assert.match(error.message, /503/);
      const [first] = sockets;
      first?.close();
      await once(first as WebSocket, 'close');
      const again = await dial();
      again.socket.terminate();
      for (const socket of sockets) socket.terminate();
    });
  });

  describe('protocol errors', () => {
    const BEFORE: Readonly<Record<string, string | Buffer>> = {
      'a report before HELLO': '{"type":"RECEIVED","rv":1}',
      'no JSON': '{',
      'a message that does not exist': '{"type":"EXEC","cmd":"sh"}',
      'a field of the wrong type': '{"type":"HELLO","protos":1}',
      'a binary frame': Buffer.from([1, 2, 3]),
    };
    for (const [name, data] of Object.entries(BEFORE)) {
      it(`D11 ends with 4400 for ${name}`, async () => {
        const puppet = await dial();

        puppet.raw(data);

        assert.equal((await puppet.closed()).code, 4400);
      });
    }

    it('ends with 4400 when there is no protocol in common, and for a second HELLO', async () => {
      const old = await dial();
      await old.hello({ protos: ['polder-replay/0'] });
      assert.match((await old.closed()).reason, /polder-replay\/1 only/);

      const twice = await live();
      await twice.hello();

      assert.equal((await twice.closed()).code, 4400);
      await planeIs(({ status }) => status?.agent?.connected === false);
    });

    it('ends with 1009 for a message above 1 MiB, without reading it to its end', async () => {
      const puppet = await live();

      puppet.raw(Buffer.alloc(MAX_UPLINK_BYTES + 1, 'x').toString());

      assert.equal((await puppet.closed()).code, 1009);
      assert.equal(await control.count('polder_hub_sessions'), 0);
    });

    it('O16 ends with 4403 for a report about a bundle of another plane, and writes nothing', async () => {
      await control.addPlane('us1');
      const work = await control.addWork('theirs', [], { dataPlane: 'us1' });
      const us1 = await livePuppet(control, await registerPuppet(control, 'us1'));
      assert.equal((await us1.next('PUT')).claims.uid, work.metadata.uid);
      const puppet = await live();

      puppet.send({
        type: 'RESULT',
        uid: work.metadata.uid,
        gen: 1,
        state: 'Applied',
        objects: [],
        error: '',
      });

      assert.equal((await puppet.closed()).code, 4403);
      await control.lines.seen('agent refused', { plane: PLANE, code: 4403 });
      const stored = await control.admin.get(PlaneWork, { namespace: 'tn-acme', name: 'theirs' });
      assert.equal(stored.status, undefined);
      assert.deepEqual(
        puppet.bundles().map(({ dp }) => dp),
        [],
      );
    });
  });

  describe('who holds the plane', () => {
    it('refuses a second live instance with 4403, counts it, and leaves the first alone', async () => {
      const first = await live();
      const clone = await dialPuppet(control, { ...identity, instanceId: 'clone' });

      await clone.hello();

      assert.equal((await clone.closed()).code, 4403);
      assert.equal(await control.count('polder_hub_clone_suspected_total'), 1);
      await first.settled();
      assert.equal(first.socket.readyState, WebSocket.OPEN);
      const plane = await control.admin.get(DataPlane, { name: PLANE });
      assert.equal(plane.status?.agent?.connected, true);
    });

    it('refuses a copy of the agent in another cluster, also while the first is away', async () => {
      const copy = await dial();

      await copy.hello({ clusterUID: 'cluster-2' });

      const end = await copy.closed();
      assert.equal(end.code, 4403);
      assert.match(end.reason, /another cluster/);
      assert.equal(await control.count('polder_hub_clone_suspected_total'), 1);
    });

    it('lets the same instance supersede its broken link, and stays connected', async () => {
      const first = await live();
      const second = await live();

      assert.equal((await first.closed()).code, 4409);
      await second.settled();
      assert.equal(await control.count('polder_hub_sessions'), 1);
      assert.equal(await control.count('polder_hub_clone_suspected_total'), 0);
      await control.addWork('w', []);
      await second.next('PUT');
    });

    const REVOCATIONS: Readonly<Record<string, () => Promise<unknown>>> = {
      'the DataPlane is deleted': () => control.admin.delete(DataPlane, { name: PLANE }),
      'its key is taken away': () =>
        control.admin.patch(
          DataPlane,
          { name: PLANE },
          { status: { publicKeys: null } },
          { subresource: 'status' },
        ),
      'it is registered with another key': () => registerPuppet(control),
      'its epoch is raised': () =>
        control.admin.patch(DataPlane, { name: PLANE }, { status: { epoch: 2 } }, { subresource: 'status' }),
    };
    for (const [name, revoke] of Object.entries(REVOCATIONS)) {
      it(`O17 ends the session with 4401 when ${name}, and refuses the old key`, async () => {
        const puppet = await live();
        const startMs = performance.now();

        await revoke();

        assert.equal((await puppet.closed()).code, 4401);
        assert.ok(performance.now() - startMs < 5 * SECOND, 'it took longer than 5 s');
        if (name === 'its epoch is raised') return;
        const again = await dial();
        await again.hello();
        assert.equal((await again.closed()).code, 4401);
      });
    }

    it('sends the agent away to come back at once when its settings change', async () => {
      const puppet = await live();

      await control.admin.patch(
        DataPlane,
        { name: PLANE },
        { spec: { paused: true, intervals: { heartbeatSeconds: 30 } } },
      );

      assert.equal((await puppet.next('GOAWAY')).reconnectInMs, 0);
      assert.equal((await puppet.closed()).code, 1013);
      const again = await dial();
      await again.hello();
      const welcome = await again.next('WELCOME');
      assert.deepEqual([welcome.paused, welcome.heartbeatSeconds], [true, 30]);
    });

    it('is not disturbed by other changes of the DataPlane', async () => {
      const puppet = await live();

      await control.admin.patch(DataPlane, { name: PLANE }, { spec: { cordoned: true } });
      await control.addWork('w', []);

      await puppet.next('PUT');
      assert.equal(puppet.socket.readyState, WebSocket.OPEN);
    });
  });

  describe('liveness', () => {
    it('ends a session of which nothing is heard for 60 s, pongs neither', async () => {
      const puppet = await dial({ autoPong: false });
      await puppet.hello();
      await puppet.next('WELCOME');
      for (let i = 0; i < 2; i += 1) {
        const pinged = once(puppet.socket, 'ping');
        clock.advance(20 * SECOND);
        await pinged;
      }
      const before = await planeIs(({ status }) => status?.agent?.connected === true);
      assert.equal(before.status?.agent?.lastDisconnectedTime, undefined);

      clock.advance(20 * SECOND);

      const { code } = await puppet.closed();
      assert.ok(code === 4429 || code === 1006, `ended with ${code}`);
      const plane = await planeIs(({ status }) => status?.agent?.connected === false);
      assert.notEqual(plane.status?.agent?.lastDisconnectedTime, undefined);
      assert.equal(await control.count('polder_hub_sessions_ended_total', { code: 'slow' }), 1);
    });

    it('keeps a session that answers pings, for as long as it likes', async () => {
      const puppet = await live();

      for (let i = 0; i < 15; i += 1) {
        const pinged = once(puppet.socket, 'ping');
        clock.advance(20 * SECOND);
        await pinged;
        await puppet.settled();
      }

      assert.equal(puppet.socket.readyState, WebSocket.OPEN);
      assert.equal(await control.count('polder_hub_sessions'), 1);
    });

    it('ends a session that pongs but acknowledges nothing for 30 s', async () => {
      const puppet = await live();
      await control.addWork('w', []);
      await puppet.next('PUT');

      clock.advance(29 * SECOND);
      await puppet.settled();
      assert.equal(puppet.socket.readyState, WebSocket.OPEN);
      clock.advance(SECOND);

      const { code } = await puppet.closed();
      assert.ok(code === 4429 || code === 1006, `ended with ${code}`);
      assert.equal(await control.count('polder_hub_sessions_ended_total', { code: 'slow' }), 1);
    });
  });
});
