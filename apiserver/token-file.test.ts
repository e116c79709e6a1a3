import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeClock } from './runtime/clock.ts';
import { createLog } from './runtime/log.ts';
import { createTokenFile } from './token-file.ts';

describe('registration token from a file', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'polder-token-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('waits until the file is there, and gives a token away only once', async () => {
    const clock = createFakeClock(0);
    const file = join(dir, 'token');
    let waiting = Promise.withResolvers<void>();
    const log = createLog({ write: () => waiting.resolve() });
    const token = createTokenFile({ file, clock, log });
    const { signal } = new AbortController();

    const first = token({ signal });
    await waiting.promise;
    writeFileSync(file, 'one\n');
    clock.advance(5_000);
    assert.equal(await first, 'one');

    waiting = Promise.withResolvers<void>();
    const second = token({ signal });
    await waiting.promise;
    writeFileSync(file, 'two\n');
    clock.advance(5_000);
    assert.equal(await second, 'two');
  });

  it('stops waiting when it is told to', async () => {
    const stop = new AbortController();
    const clock = createFakeClock(0);
    const waiting = Promise.withResolvers<void>();
    const log = createLog({ write: () => waiting.resolve() });
    const token = createTokenFile({ file: join(dir, 'token'), clock, log })({ signal: stop.signal });
    await waiting.promise;
    stop.abort(new Error('stopped'));
    await assert.rejects(token, /stopped/);
  });
});
