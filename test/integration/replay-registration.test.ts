/** The exchange of one-time tokens for identities (A1 to A3), over HTTPS against the real API server and hub. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { RegistrationToken } from '../../apiserver/kinds/registration-token.ts';
import { conditionStatus } from '../../apiserver/kinds/status.ts';
import { createFakeClock, type FakeClock } from '../../apiserver/runtime/clock.ts';
import { createDataPlaneReconciler } from '../../controllers/reconcilers/data-plane.ts';
import type { Line } from '../support/lines.ts';
import {
  PLANE,
  startAgent,
  startControl,
  startDataPlane,
  type Control,
  type DataPlaneServer,
  type TestAgent,
} from '../support/replay.ts';

const MINUTE = 60_000;

interface Keys {
  readonly sign: object;
  readonly seal: object;
}
const newKeys = (): Keys => ({
  sign: generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }),
  seal: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
});
const request = (token: string, keys: Keys = newKeys()): object => ({
  token,
  ...keys,
  agentVersion: '0.1.0',
  clusterUID: 'cluster-1',
});
const message = ({ body }: { readonly body: Line }): string => String(body['message']);

describe('registration of a data plane', () => {
  let clock: FakeClock;
  let control: Control;
  beforeEach(async () => {
    clock = createFakeClock(Date.now());
    control = await startControl({ clock });
  });
  afterEach(() => control.close());

  const statusOf = async (): Promise<NonNullable<DataPlane['status']>> =>
    (await control.admin.get(DataPlane, { name: PLANE })).status ?? {};

  it('A1 exchanges a token once; another agent that comes with it later is told TokenUsed', async () => {
    const token = await control.addPlane();

    const first = await control.register(request(token));
    const second = await control.register(request(token));

    assert.equal(first.status, 200);
    assert.equal(first.body['dataPlane'], PLANE);
    assert.equal(second.status, 401);
    assert.match(message(second), /^TokenUsed:/);
    const status = await statusOf();
    assert.equal(status.phase, 'Registered');
    assert.equal(status.dataPlaneID, first.body['dataPlaneID']);
    assert.deepEqual([status.epoch, status.clusterUID, status.agent?.version], [1, 'cluster-1', '0.1.0']);
    assert.equal(await control.count('polder_hub_registrations_total', { result: 'registered' }), 1);
    assert.equal(await control.count('polder_hub_registrations_total', { result: 'TokenUsed' }), 1);
  });

  it('A1 tells TokenExpired after the 15 minutes that a token lives', async () => {
    const token = await control.addPlane();
    clock.advance(16 * MINUTE);

    const late = await control.register(request(token));

    assert.equal(late.status, 401);
    assert.match(message(late), /^TokenExpired:/);
    assert.equal((await statusOf()).publicKeys, undefined);
  });

  it('A1 voids a token with the next one, and mints nothing in a dry run', async () => {
    const token = await control.addPlane();
    const dry = await control.admin.create(
      RegistrationToken,
      { metadata: { name: 't' }, spec: { dataPlaneRef: PLANE } },
      { dryRun: true },
    );
    assert.equal(dry.status?.token, undefined);
    assert.equal(
      (await statusOf()).registration?.tokenHash,
      createHash('sha256').update(token).digest('hex'),
      'the dry run voided the token in force',
    );

    const newer = await control.mintToken();

    assert.match(message(await control.register(request(token))), /^TokenUnknown:/);
    assert.equal((await control.register(request(newer))).status, 200);
  });

  it('A2 makes exactly one identity of 50 parallel exchanges with 50 keys', async () => {
    const token = await control.addPlane();
    const keys = Array.from({ length: 50 }, newKeys);

    const answers = await Promise.all(keys.map((each) => control.register(request(token, each))));

    const winners = answers.filter(({ status }) => status === 200);
    assert.equal(winners.length, 1);
    assert.equal(
      answers.filter((each) => each.status === 401 && message(each).startsWith('TokenUsed')).length,
      49,
    );
    const status = await statusOf();
    assert.equal(status.epoch, 1);
    const winner = keys[answers.findIndex((answer) => answer.status === 200)];
    assert.equal(status.publicKeys?.sign?.x, (winner?.sign as { x?: string } | undefined)?.x);
  });

  it('A2 gives the same key the same answer for five minutes, and nobody else', async () => {
    const token = await control.addPlane();
    const mine = newKeys();
    const first = await control.register(request(token, mine));

    const parallel = await Promise.all(
      Array.from({ length: 10 }, () => control.register(request(token, mine))),
    );
    clock.advance(5 * MINUTE - 2_000);
    const repeated = await control.register(request(token, mine));
    clock.advance(4_000);
    const late = await control.register(request(token, mine));

    for (const answer of [...parallel, repeated]) assert.deepEqual(answer, first);
    assert.equal(late.status, 401);
    assert.match(message(late), /^TokenUsed:/);
    assert.equal((await statusOf()).epoch, 1);
  });

  it('O17 refuses to repeat the answer once the key was revoked', async () => {
    const token = await control.addPlane();
    const mine = newKeys();
    await control.register(request(token, mine));

    await control.admin.patch(
      DataPlane,
      { name: PLANE },
      { status: { publicKeys: null } },
      { subresource: 'status' },
    );

    assert.match(message(await control.register(request(token, mine))), /^TokenUsed:/);
  });

  it('keeps dataPlaneID and registeredAt when it registers again, and raises the epoch', async () => {
    const first = await control.register(request(await control.addPlane()));
    const before = await statusOf();
    clock.advance(MINUTE);

    const second = await control.register(request(await control.mintToken()));

    const after = await statusOf();
    assert.equal(second.body['dataPlaneID'], first.body['dataPlaneID']);
    assert.deepEqual([after.registeredAt, after.epoch], [before.registeredAt, 2]);
    assert.notDeepEqual(after.publicKeys, before.publicKeys);
  });

  const MALFORMED: readonly (readonly [string, (token: string) => object, number])[] = [
    ['without a token', () => ({ ...request(''), token: undefined }), 400],
    ['with a guess that is no token', () => request('guess'), 401],
    [
      'with a private signing key',
      (token) => request(token, { ...newKeys(), sign: privateJwk('ed25519') }),
      400,
    ],
    [
      'with a signing key on another curve',
      (token) => request(token, { ...newKeys(), sign: newKeys().seal }),
      400,
    ],
    [
      'with a sealing key that is not on the curve',
      (token) => request(token, { ...newKeys(), seal: offCurve() }),
      400,
    ],
    ['with a cluster UID without end', (token) => ({ ...request(token), clusterUID: 'x'.repeat(65) }), 400],
  ];
  for (const [name, make, status] of MALFORMED) {
    it(`refuses a registration ${name}, and the token stays good`, async () => {
      const token = await control.addPlane();

      const answer = await control.register(make(token));

      assert.equal(answer.status, status, message(answer));
      assert.equal((await control.register(request(token))).status, 200);
    });
  }

  it('refuses a registration that is too large, and one while the hub is not ready', async () => {
    const token = await control.addPlane();

    const large = await control.register({ ...request(token), pad: 'x'.repeat(20_000) });
    await control.stopHub();
    const early = await control.register(request(token));

    assert.equal(large.status, 413);
    assert.equal(early.status, 503);
    assert.equal((await statusOf()).publicKeys, undefined);
  });
});

function privateJwk(type: 'ed25519'): object {
  return generateKeyPairSync(type).privateKey.export({ format: 'jwk' });
}
function offCurve(): object {
  const coordinate = Buffer.alloc(32, 1).toString('base64url');
  return { kty: 'EC', crv: 'P-256', x: coordinate, y: coordinate };
}

describe('registration of an agent', () => {
  let control: Control;
  let plane: DataPlaneServer;
  const agents: TestAgent[] = [];
  const folders: string[] = [];
  beforeEach(async () => {
    control = await startControl({ reconcilers: [createDataPlaneReconciler] });
    plane = await startDataPlane();
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.close();
    await plane.close();
    await control.close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  const start = async (token: () => Promise<string>, directory = freshFolder()): Promise<TestAgent> => {
    const agent = await startAgent({
      hub: control.url,
      ca: control.ca,
      plane: plane.clientAs('agent-eu1'),
      directory,
      token,
    });
    agents.push(agent);
    return agent;
  };
  function freshFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'polder-agent-'));
    folders.push(folder);
    return folder;
  }
  const connected = (): Promise<DataPlane> =>
    control.until(DataPlane, { name: PLANE }, (each) => conditionStatus(each, 'Connected') === 'True');

  it('A1 brings the plane from Pending to Registered and connected with the first dial', async () => {
    const token = await control.addPlane();
    const pending = await control.until(
      DataPlane,
      { name: PLANE },
      (each) => conditionStatus(each, 'Registered') === 'False',
    );
    assert.equal(pending.status?.phase, 'Pending');

    const agent = await start(() => Promise.resolve(token));

    const registered = await connected();
    assert.equal(registered.status?.phase, 'Registered');
    assert.equal(registered.status.agent?.connected, true);
    // The hub knew the key at the first dial: nothing was refused, nothing waited.
    assert.equal(await control.count('polder_hub_sessions_ended_total'), 0);
    assert.deepEqual(
      agent.lines.all.filter(({ msg }) => msg === 'replay link is down'),
      [],
    );
  });

  it('A3 keeps every private key on the plane, in files that only it can read', async () => {
    const token = await control.addPlane();
    const agent = await start(() => Promise.resolve(token));
    const shown = JSON.stringify(await connected());

    const keys = JSON.parse(readFileSync(join(agent.directory, 'keys.json'), 'utf8')) as Record<
      'sign' | 'seal',
      { readonly d: string; readonly x: string }
    >;
    const logged = JSON.stringify([...agent.lines.all, ...control.lines.all]);
    for (const secret of [keys.sign.d, keys.seal.d, token]) {
      assert.equal(shown.includes(secret), false, 'the API shows a secret');
      assert.equal(logged.includes(secret), false, 'a log shows a secret');
    }
    assert.equal(shown.includes(keys.sign.x), true);
    assert.equal(shown.includes(keys.seal.x), true);
    assert.equal(shown.includes(createHash('sha256').update(token).digest('hex')), true);
  });

  it('A3 does not register again when it restarts', async () => {
    const token = await control.addPlane();
    const first = await start(() => Promise.resolve(token));
    await connected();
    await first.close();

    let asked = 0;
    const second = await start(() => {
      asked += 1;
      return Promise.reject(new Error('asked for a token'));
    }, first.directory);

    await control.lines.seen('agent connected', { plane: PLANE, mode: 'resume' });
    assert.equal(asked, 0);
    assert.equal(await control.count('polder_hub_registrations_total'), 1);
    assert.deepEqual(
      second.lines.all.filter(({ level }) => level === 'error'),
      [],
    );
  });

  it('A2 resumes when it was killed after the commit and before it saved its registration', async () => {
    const token = await control.addPlane();
    const first = await start(() => Promise.resolve(token));
    const before = await connected();
    await first.close();
    // What a kill between the two leaves: the keys, and nothing of the answer.
    const killed = freshFolder();
    cpSync(first.directory, killed, { recursive: true });
    for (const name of readdirSync(killed)) if (name !== 'keys.json') rmSync(join(killed, name));

    const from = control.lines.all.length;
    await start(() => Promise.resolve(token), killed);

    await control.lines.seen('agent connected', { plane: PLANE }, from);
    const after = await control.admin.get(DataPlane, { name: PLANE });
    assert.deepEqual(after.status?.publicKeys, before.status?.publicKeys);
    assert.equal(after.status?.epoch, 1);
  });

  it('asks again with growing patience when its token is refused, and takes the next one', async () => {
    const good = await control.addPlane();
    const tokens = ['x'.repeat(43), good];

    const agent = await start(() => Promise.resolve(tokens.shift() ?? ''));

    await agent.lines.seen('registration token refused');
    await connected();
    assert.equal(await control.count('polder_hub_registrations_total', { result: 'TokenUnknown' }), 1);
  });
});
