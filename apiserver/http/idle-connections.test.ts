import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { ADMIN, rawConnection } from '../../test/support/http-client.ts';
import { startPlane, type Plane } from '../../test/support/http.ts';
import { until } from '../../test/support/until.ts';
import { createFakeClock, type FakeClock } from '../runtime/clock.ts';

const WIDGETS = '/apis/data.polder.dev/v1alpha1/namespaces/a/widgets';

describe('connections', () => {
  let plane: Plane;
  let clock: FakeClock;
  before(async () => {
    clock = createFakeClock(Date.now());
    plane = await startPlane({ clock });
  });
  after(() => plane.close());

  const get = (path: string, headers = ''): string =>
    `GET ${path} HTTP/1.1\r\nHost: polder\r\nAuthorization: Bearer ${ADMIN}\r\n${headers}\r\n`;
  /** Asks on the connection, and returns when the answer has begun. */
  const ask = async (socket: TLSSocket, path: string): Promise<string> => {
    socket.write(get(path));
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    return bytes.toString();
  };
  const advance = (seconds: number): void => {
    for (let passed = 0; passed < seconds; passed += 5) clock.advance(5_000);
  };

  it('C21 are kept for more than the 90 s of Go clients, as they were told, and ended then', async () => {
    const socket = await rawConnection(plane);
    const answer = await ask(socket, '/version');
    assert.match(answer, /\r\nKeep-Alive: timeout=100\r\n/);
    advance(95);
    assert.match(await ask(socket, '/version'), /^HTTP\/1\.1 200/);
    advance(95);
    assert.match(await ask(socket, '/version'), /^HTTP\/1\.1 200/);

    const closed = once(socket, 'close');
    advance(110);
    await closed;
  });

  it('are not ended while a watch on them waits for something to happen', async () => {
    const watching = await rawConnection(plane);
    assert.match(await ask(watching, `${WIDGETS}?watch=1`), /^HTTP\/1\.1 200/);
    const idle = await rawConnection(plane);
    await ask(idle, '/version');
    let isOpen = true;
    watching.once('close', () => (isOpen = false));
    const idleClosed = once(idle, 'close');
    for (let minute = 0; minute < 20; minute += 1) advance(60);

    await idleClosed;
    assert.equal((await ask(await rawConnection(plane), '/version')).startsWith('HTTP/1.1 200'), true);
    assert.equal(isOpen, true);
    watching.destroy();
  });

  it('are not ended because somebody set the time', async () => {
    const socket = await rawConnection(plane);
    await ask(socket, '/version');
    clock.setTime(clock.now() + 86_400_000);
    advance(10);
    assert.match(await ask(socket, '/version'), /^HTTP\/1\.1 200/);
    clock.setTime(clock.now() - 2 * 86_400_000);
    const closed = once(socket, 'close');
    advance(110);
    await closed;
  });

  it('are kept while a second watch on them goes on that was asked for before the first had ended', async () => {
    const theirs = connected(plane);
    const socket = await rawConnection(plane);
    let text = '';
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    const answers = (): number => text.split('HTTP/1.1 200').length - 1;
    socket.write(
      get(`${WIDGETS}?watch=1&timeoutSeconds=30`) + get(`${WIDGETS}?watch=1&timeoutSeconds=86400`),
    );
    await until('the first watch is open', () => answers() === 1);
    advance(30);
    await until('the second watch is open', () => answers() === 2);
    advance(1_200);
    // What would be ended is ended behind this turn of the event loop.
    await ask(await rawConnection(plane), '/version');
    assert.equal((await theirs).destroyed, false);
    socket.destroy();
  });

  it('are ended after a refused upgrade whose client does not hang up', async () => {
    const theirs = connected(plane);
    const socket = await rawConnection(plane, { allowHalfOpen: true });
    socket.write(
      get(
        '/version',
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n',
      ),
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 404/);
    const ours = await theirs;
    const closed = once(ours, 'close');
    advance(110);
    await closed;
    socket.destroy();
  });

  it('with an answer that nobody reads are ended after 300 s, not before', async () => {
    const theirs = connected(plane);
    const socket = await rawConnection(plane);
    socket.pause();
    const ours = await theirs;
    // More than the buffers of both systems hold.
    socket.write(get('/openapi/v2').repeat(100));
    let written = -1;
    await until('the client is behind', () => {
      const isStuck = ours.writableLength > 0 && ours.bytesWritten === written;
      written = ours.bytesWritten;
      return isStuck;
    });
    advance(290);
    await ask(await rawConnection(plane), '/version');
    assert.equal(ours.destroyed, false);

    const closed = once(ours, 'close');
    advance(20);
    await closed;
    socket.destroy();
  });
});

/** The server's side of the next connection. */
async function connected(plane: Plane): Promise<TLSSocket> {
  const [socket] = (await once(plane.http.server, 'secureConnection')) as [TLSSocket];
  return socket;
}
