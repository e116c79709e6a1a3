/** Starts that cannot succeed, and disks that run full: what a person at 3 a.m. sees. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, startPolder } from '../support/polder.ts';

describe('a start that fails', function () {
  this.timeout(60_000);
  const root = mkdtempSync(join(tmpdir(), 'polder-fail-'));
  after(() => rmSync(root, { recursive: true, force: true }));

  it('exits 1 at once when the port is taken, names it, and leaves the directory free', async () => {
    const taken = createServer();
    await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done));
    const port = String((taken.address() as AddressInfo).port);
    const dir = join(root, 'busy-port', 'data');

    const output = await run(
      process.execPath,
      ['apiserver/polder.js', 'up', '--port', port, '--data-dir', dir],
      { timeoutMs: 20_000 },
    );
    taken.close();

    assert.equal(output.code, 1, output.stderr);
    assert.match(
      output.stderr,
      new RegExp(`polder: port ${port} is in use by another process; choose another with --port`),
    );
    assert.equal(existsSync(join(dir, 'ready.json')), false);
    const polder = await startPolder({ dir });
    assert.equal(await polder.stop(), 0);
  });
});
