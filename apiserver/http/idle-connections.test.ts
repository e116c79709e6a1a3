import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { ADMIN, rawConnection } from '../../test/support/http-client.ts';
import { startPlane, type Plane } from '../../test/support/http.ts';
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

  /** Asks on the connection, and returns when the answer has begun. */
  const ask = async (socket: TLSSocket, path: string): Promise<string> => {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: polder\r\nAuthorization: Bearer ${ADMIN}\r\n\r\n`);
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
});
