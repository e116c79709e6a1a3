import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LAUNCHER = join(import.meta.dirname, '../polder.js');
/** Says at the end whether the process loaded Node's type stripper. */
const TELL = `data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => console.log(process.moduleLoadList.some((name) => name.includes('amaro'))))",
)}`;

describe('serving TypeScript', function () {
  this.timeout(60_000);
  let cache: string;
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'polder-typescript-'));
  });
  afterEach(() => rmSync(cache, { recursive: true }));

  const helpWith = (compileCache: string): readonly string[] =>
    execFileSync(process.execPath, ['--import', TELL, LAUNCHER, 'up', '--help'], {
      encoding: 'utf8',
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
    })
      .trim()
      .split('\n');

  it('keeps the type stripper out of a process that starts on an empty cache', () => {
    const said = helpWith(cache);

    assert.equal(said[0], 'usage: polder up [flags]');
    assert.equal(said.at(-1), 'false');
    assert.ok(readdirSync(join(cache, 'stripped')).length > 100);
  });

  it('runs without a cache, stripping as Node does, where none can be written', () => {
    const file = join(cache, 'no-directory');
    writeFileSync(file, '');

    const said = helpWith(file);

    assert.equal(said[0], 'usage: polder up [flags]');
    assert.equal(said.at(-1), 'true');
  });
});
