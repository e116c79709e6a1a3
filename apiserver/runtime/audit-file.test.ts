import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuditFile } from './audit-file.ts';
import { createLog } from './log.ts';
import { createMetrics } from './metrics.ts';

describe('audit file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'polder-audit-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('appends what is written, readable by its owner only', async () => {
    const path = join(folder, 'audit.log');
    const file = openAuditFile(path, createLog({ write: () => undefined }), createMetrics());
    file.write(Buffer.from('one\n'));
    file.write(Buffer.from('two\n'));
    await file.close();

    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n');
    assert.equal(file.problem(), undefined);
  });

  it('goes on, says it once and counts when the device is full', async function () {
    if (!existsSync('/dev/full')) this.skip();
    const lines: string[] = [];
    const metrics = createMetrics();
    const said = { emit: (): void => undefined };
    const written = new Promise<void>((done) => (said.emit = done));
    const log = createLog({
      write: (line) => {
        lines.push(line);
        said.emit();
      },
    });
    const file = openAuditFile('/dev/full', log, metrics);

    file.write(Buffer.from('lost\n'));
    await written;
    file.write(Buffer.from('lost as well\n'));
    await file.close();

    assert.match(file.problem() ?? '', /\/dev\/full: ENOSPC/);
    assert.equal(lines.length, 1);
    assert.match(await metrics.scrape(), /polder_audit_dropped_batches_total [12]/);
  });
});
