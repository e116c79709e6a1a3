import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { createFakeClock, type FakeClock } from '../../apiserver/runtime/clock.ts';
import { createLog } from '../../apiserver/runtime/log.ts';
import { CLOSE, MAX_DOWNLINK_BYTES } from '../replica/messages.ts';
import { createLink, type Link, type LinkHandlers } from './link.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

describe('link of the agent', () => {
  let clock: FakeClock;
  let hub: WebSocketServer;
  let link: Link;
  let redials: number[];
  let chance: number;
  let events: string[];
  let lost: PromiseWithResolvers<undefined>;
  let ponged: PromiseWithResolvers<undefined>;

  const start = async (
    handlers: Partial<LinkHandlers> = {},
    options: { readonly autoPong?: boolean } = {},
  ): Promise<WebSocket> => {
    hub = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
    await once(hub, 'listening');
    link = createLink(
      {
        url: `ws://127.0.0.1:${(hub.address() as AddressInfo).port}`,
        ca: '',
        clock,
        random: () => chance,
        log: createLog({
          level: 'debug',
          write: (line) => {
            const { msg, redialInMs } = JSON.parse(line) as { msg: string; redialInMs?: number };
            if (msg !== 'replay link is down') return;
            redials.push(redialInMs ?? -1);
            lost.resolve(undefined);
            lost = Promise.withResolvers<undefined>();
          },
        }),
      },
      {
        hello: () => Promise.resolve({ type: 'RECEIVED', rv: 7 }),
        message: () => Promise.resolve(),
        bundle: () => Promise.resolve(),
        refused: (code) => events.push(`refused ${code}`),
        pingSent: () => events.push('ping'),
        pongReceived: () => {
          ponged.resolve(undefined);
          ponged = Promise.withResolvers<undefined>();
        },
        down: () => events.push('down'),
        ...handlers,
      },
    );
    const connected = nextSocket();
    link.start();
    return connected;
  };
  /** The next connection, open on both sides. */
  const nextSocket = async (): Promise<WebSocket> => {
    const [socket] = (await once(hub, 'connection')) as [WebSocket];
    socket.on('error', () => undefined);
    const answer = once(socket, 'message');
    socket.send('{"type":"CHALLENGE","nonce":"0"}');
    await answer;
    return socket;
  };
  /** 20 s pass, and the hub answers the ping. */
  const passWithPing = async (): Promise<void> => {
    const answered = ponged.promise;
    clock.advance(20 * SECOND);
    await answered;
  };
  /** The hub ends the socket; resolves when the link knows. */
  const end = async (socket: WebSocket, code: number): Promise<void> => {
    const known = lost.promise;
    socket.close(code);
    await known;
  };
  const redial = async (): Promise<WebSocket> => {
    const connected = nextSocket();
    clock.advance(redials.at(-1) ?? 0);
    return connected;
  };

  beforeEach(() => {
    clock = createFakeClock(1_000_000);
    redials = [];
    events = [];
    chance = 0.5;
    lost = Promise.withResolvers<undefined>();
    ponged = Promise.withResolvers<undefined>();
  });
  afterEach(async () => {
    await link.close();
    for (const socket of hub.clients) socket.terminate();
    hub.close();
  });

  it('answers the challenge with the first frame', async () => {
    const socket = await start({
      hello: (nonce) => Promise.resolve({ type: 'RECEIVED', rv: Number(nonce) }),
    });
    const first = once(socket, 'message');

    socket.send('{"type":"CHALLENGE","nonce":"42"}');

    assert.equal(String((await first)[0]), '{"type":"RECEIVED","rv":42}');
  });

  it('dials again with full jitter that grows to a minute', async () => {
    let socket = await start();
    chance = 0.999_999;
    for (let i = 0; i < 8; i += 1) {
      await end(socket, 1011);
      socket = await redial();
    }
    assert.deepEqual(
      redials.map((ms) => Math.round(ms / SECOND)),
      [2, 4, 8, 16, 32, 60, 60, 60],
    );
    chance = 0;
    await end(socket, 1011);
    assert.equal(redials.at(-1), 0);
  });

  it('starts counting anew after a minute of health, not before', async () => {
    let socket = await start();
    chance = 0.999_999;
    for (let i = 0; i < 5; i += 1) {
      await end(socket, 1011);
      socket = await redial();
    }
    const worst = redials.at(-1) ?? 0;
    for (let i = 0; i < 2; i += 1) await passWithPing();
    clock.advance(19 * SECOND);
    await end(socket, 1011);
    assert.ok((redials.at(-1) ?? 0) > worst);
    socket = await redial();
    for (let i = 0; i < 3; i += 1) await passWithPing();
    clock.advance(SECOND);

    await end(socket, 1011);

    assert.ok((redials.at(-1) ?? Infinity) <= SECOND);
  });

  for (const [code, name] of [
    [CLOSE.unauthorized, 'revoked'],
    [CLOSE.forbidden, 'cloned'],
  ] as const) {
    it(`waits for about five minutes when it is ${name}, and says so`, async () => {
      let socket = await start();
      await end(socket, code);
      assert.deepEqual(events, ['down', `refused ${code}`]);
      assert.equal(redials[0], 5 * MINUTE);

      chance = 0;
      socket = await redial();
      await end(socket, code);

      assert.equal(redials[1], 4.5 * MINUTE);
    });
  }

  it('comes back when the hub said so, spread over a second', async () => {
    const socket = await start();
    socket.send('{"type":"GOAWAY","reason":"drain","reconnectInMs":5000}');

    await end(socket, CLOSE.tryAgain);

    assert.deepEqual(redials, [5_500]);
  });

  it('pings every 20 s and gives the socket up after 50 s of silence', async () => {
    const socket = await start({}, { autoPong: false });
    for (let i = 0; i < 2; i += 1) {
      const pinged = once(socket, 'ping');
      clock.advance(20 * SECOND);
      await pinged;
    }
    assert.deepEqual(events, ['ping', 'ping']);
    const known = lost.promise;

    clock.advance(20 * SECOND);

    await known;
    assert.deepEqual(events, ['ping', 'ping', 'down']);
  });

  it('says when the hub has answered a ping', async () => {
    await start();

    await passWithPing();

    assert.deepEqual(events, ['ping']);
  });

  it('handles messages one after the other, also when one takes its time', async () => {
    const order: number[] = [];
    const done = Promise.withResolvers<undefined>();
    const slow = Promise.withResolvers<undefined>();
    const socket = await start({
      message: async (message) => {
        if (message.type !== 'BOOKMARK') return;
        if (message.rv === 1) await slow.promise;
        order.push(message.rv);
        if (message.rv === 3) done.resolve(undefined);
      },
    });

    for (const rv of [1, 2, 3]) socket.send(JSON.stringify({ type: 'BOOKMARK', rv }));
    slow.resolve(undefined);

    await done.promise;
    assert.deepEqual(order, [1, 2, 3]);
  });

  const HARM: Readonly<Record<string, (socket: WebSocket) => void>> = {
    'a message that does not exist': (socket) => socket.send('{"type":"PROXY","to":"kube-apiserver"}'),
    'a message with more in it': (socket) => socket.send('{"type":"BOOKMARK","rv":1,"cmd":"sh"}'),
    'a bundle that cannot be stored': (socket) => socket.send(Buffer.from([0, 0, 0, 0])),
    'a frame that is too large': (socket) => socket.send(Buffer.alloc(MAX_DOWNLINK_BYTES + 1)),
  };
  for (const [name, harm] of Object.entries(HARM)) {
    it(`ends the session for ${name}, and dials again`, async () => {
      const socket = await start({ bundle: () => Promise.reject(new Error('disk full')) });
      const ended = once(socket, 'close');
      const known = lost.promise;

      harm(socket);

      const [code] = (await ended) as [number];
      assert.ok(
        [CLOSE.protocolError, 1009].some((expected) => expected === code),
        `ended with ${code}`,
      );
      await known;
      await redial();
    });
  }

  it('takes nothing while there is no session, and not without end', async () => {
    const socket = await start();
    socket.pause();
    const message = { type: 'HAVE', bundles: [], last: true } as const;
    const large = { ...message, bundles: Array(2_000).fill({ uid: 'u'.repeat(64), gen: 1, hash8: 'x' }) };

    let taken = 0;
    while (taken < 1_000 && link.send(large)) taken += 1;

    assert.ok(taken > 0 && taken < 1_000, `${taken} messages of 190 KB were taken`);
    await link.close();
    assert.equal(link.send(message), false);
  });
});
