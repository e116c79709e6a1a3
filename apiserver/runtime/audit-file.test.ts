import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuditFile, type AuditFile } from './audit-file.ts';
import { createLog, silentLog } from './log.ts';
import { createMetrics } from './metrics.ts';

describe('audit file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'polder-audit-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('appends what is written, readable by its owner only', async () => {
    const path = join(folder, 'audit.log');
    const file = openAuditFile({ path, log: silentLog, metrics: createMetrics() });
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
    const file = openAuditFile({
      path: '/dev/full',
      log,
      metrics,
      rotation: { maxBytes: 1, maxBackups: 1, now: () => 0 },
    });

    file.write(Buffer.from('lost\n'));
    await written;
    file.write(Buffer.from('lost as well\n'));
    await file.close();

    assert.match(file.problem() ?? '', /\/dev\/full: ENOSPC/);
    assert.equal(lines.length, 1);
    assert.match(await metrics.scrape(), /polder_audit_dropped_batches_total [12]/);
  });

  const rotating = (path: string, maxBackups: number): AuditFile => {
    let nowMs = Date.UTC(2026, 0, 1);
    const rotation = { maxBytes: 8, maxBackups, now: () => (nowMs += 1000) };
    return openAuditFile({ path, log: silentLog, metrics: createMetrics(), rotation });
  };
  const contents = (path: string): readonly (readonly [string, string])[] =>
    readdirSync(path)
      .sort()
      .map((name) => [name, readFileSync(join(path, name), 'utf8')] as const);

  it('moves the file aside before it grows too long, and loses nothing', async () => {
    const place = join(folder, 'kept');
    mkdirSync(place);
    const file = rotating(join(place, 'audit.log'), 0);
    for (const line of ['aaa\n', 'bbb\n', 'ccc\n', 'too long for one file\n', 'ddd\n'])
      file.write(Buffer.from(line));
    await file.close();

    assert.deepEqual(contents(place), [
      ['audit-2026-01-01T00-00-01.000Z.log', 'aaa\nbbb\n'],
      ['audit-2026-01-01T00-00-02.000Z.log', 'ccc\n'],
      ['audit-2026-01-01T00-00-03.000Z.log', 'too long for one file\n'],
      ['audit.log', 'ddd\n'],
    ]);
    assert.equal(statSync(join(place, 'audit-2026-01-01T00-00-01.000Z.log')).mode & 0o777, 0o600);
  });

  it('goes on from what is there, keeps the newest few and leaves files of others alone', async () => {
    const place = join(folder, 'few');
    mkdirSync(place);
    writeFileSync(join(place, 'audit.log'), 'before\n');
    writeFileSync(join(place, 'audit-notes.log'), 'mine');
    const file = rotating(join(place, 'audit.log'), 2);
    for (const line of ['111111\n', '222222\n', '333333\n', '444444\n']) file.write(Buffer.from(line));
    await file.close();

    assert.deepEqual(
      contents(place).map(([, text]) => text),
      ['222222\n', '333333\n', 'mine', '444444\n'],
    );
  });

  it('never replaces a file that was moved aside at the same moment', async () => {
    const place = join(folder, 'same');
    mkdirSync(place);
    const rotation = { maxBytes: 1, maxBackups: 0, now: () => 0 };
    const file = openAuditFile({
      path: join(place, 'audit.log'),
      log: silentLog,
      metrics: createMetrics(),
      rotation,
    });
    for (const line of ['1\n', '2\n', '3\n']) file.write(Buffer.from(line));
    await file.close();

    assert.deepEqual(
      contents(place).map(([, text]) => text),
      ['1\n', '2\n', '3\n'],
    );
  });
});
