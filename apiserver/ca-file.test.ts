import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCaFile } from './ca-file.ts';

describe('CA from a file', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'polder-ca-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('is what the file holds now, and what it held last while there is none', () => {
    const file = join(dir, 'ca.crt');
    assert.throws(() => createCaFile(file));
    writeFileSync(file, 'one');
    const ca = createCaFile(file);
    assert.equal(ca(), 'one');
    writeFileSync(file, 'two');
    assert.equal(ca(), 'two');
    writeFileSync(file, '');
    assert.equal(ca(), 'two');
    rmSync(file);
    assert.equal(ca(), 'two');
  });
});
