import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreUnusableError, type Store, type Write } from '../store.ts';
import { APPLICATION_ID, FORMAT } from './format.ts';
import { openForWriting } from './open.ts';
import { createSqliteStore } from './store.ts';

const put = (key: string, size: number): Write => ({
  key,
  type: 'put',
  value: Buffer.alloc(size, key),
  expected: 0,
});

describe('opening a sqlite store', () => {
  let directory = '';
  let file = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'polder-open-'));
    file = join(directory, 'polder.db');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** A database with `count` objects of 1,000 bytes, closed. */
  async function filled(count: number): Promise<void> {
    const store = createSqliteStore({ file });
    await store.start();
    await Promise.all(Array.from({ length: count }, (_, index) => store.append(put(`/k${index}`, 1000))));
    await store.close();
  }

  /** Starting must fail with `pattern` and the file's name, and leave every file as it is. */
  async function refuses(pattern: RegExp): Promise<void> {
    const before = contents(directory);
    const store = createSqliteStore({ file });

    await assert.rejects(store.start(), (error) => {
      assert.ok(error instanceof StoreUnusableError, String(error));
      assert.match(error.message, pattern);
      assert.ok(error.message.includes(file), error.message);
      return true;
    });
    await store.close();

    assert.deepEqual(contents(directory), before);
  }

  it('creates the directory with mode 0700 and the files with 0600', async () => {
    file = join(directory, 'new', 'deep', 'polder.db');
    const store = createSqliteStore({ file });
    await store.start();
    await store.append(put('/a', 10));

    for (const suffix of ['', '-wal', '-shm']) assert.equal(modeOf(`${file}${suffix}`), 0o600, suffix);
    assert.equal(modeOf(join(directory, 'new', 'deep')), 0o700);
    assert.equal(existsSync(`${file}.new`), false);
    await store.close();
  });

  it('takes the mode of an existing file back to 0600', async () => {
    await filled(1);
    chmodSync(file, 0o644);
    openForWriting(file).close();
    assert.equal(modeOf(file), 0o600);
  });

  it('marks the file as ours and of this format', async () => {
    await filled(1);
    const header = readFileSync(file).subarray(0, 100);
    assert.equal(header.readUInt32BE(68), APPLICATION_ID);
    assert.equal(header.readUInt32BE(60), FORMAT);
  });

  it('starts over when a crash left a half-made file behind', async () => {
    writeFileSync(`${file}.new`, 'half');
    await filled(3);
    assert.deepEqual(readdirSync(directory), ['polder.db']);
  });

  it('refuses a file of a newer format', async () => {
    await filled(3);
    const database = new DatabaseSync(file);
    database.exec(`PRAGMA user_version = ${FORMAT + 1}`);
    database.close();
    await refuses(/has format 2, newer than 1.*start the newer version, or restore a backup/);
  });

  it('refuses a database of another application', async () => {
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE theirs (id INTEGER); INSERT INTO theirs VALUES (1)');
    database.close();
    await refuses(/belongs to another application.*use another data directory/);
  });

  it('refuses garbage', async () => {
    writeFileSync(file, Buffer.alloc(8192, 'not a database '));
    await refuses(/is corrupt \(its first bytes are not a database header\): restore it from a backup/);
  });

  it('refuses a corrupt header', async () => {
    await filled(3);
    const bytes = readFileSync(file);
    bytes.fill(0xff, 16, 24);
    writeFileSync(file, bytes);
    await refuses(/is not a database|is corrupt/);
  });

  it('refuses a damaged schema page', async () => {
    await filled(3);
    const bytes = readFileSync(file);
    bytes.fill(0xee, 100, 4096);
    writeFileSync(file, bytes);
    await refuses(/is corrupt.*restore it from a backup, or move it and its -wal file away/);
  });

  for (const keep of [0, 1, 99, 4096, 4097, 0.5, 0.99]) {
    it(`refuses a file truncated to ${keep < 1 && keep > 0 ? `${keep * 100} %` : `${keep} bytes`}`, async () => {
      await filled(200);
      const size = statSync(file).size;
      truncateSync(file, keep < 1 ? Math.floor(size * keep) : keep);
      await refuses(/is corrupt \(truncated to \d+( of \d+)? bytes\): restore it from a backup/);
    });
  }

  it('refuses a truncated file beside its write-ahead log, and leaves both', async () => {
    await filled(200);
    const store = createSqliteStore({ file });
    await store.start();
    await store.append(put('/late', 10));
    const [database, log] = [readFileSync(file), readFileSync(`${file}-wal`)];
    await store.close();
    writeFileSync(file, database.subarray(0, database.length / 2));
    writeFileSync(`${file}-wal`, log);
    await refuses(/is corrupt/);
  });

  it('refuses when the file is gone but its write-ahead log is there', async () => {
    writeFileSync(`${file}-wal`, Buffer.alloc(4128, 1));
    await refuses(/is missing but .*-wal is there: put the file back, or move/);
  });

  it('refuses when one of the newest values does not match its checksum', async () => {
    await filled(50);
    const bytes = readFileSync(file);
    const at = bytes.indexOf('/k49/k49/k49');
    assert.ok(at > 0);
    bytes.write('X', at + 3);
    writeFileSync(file, bytes);
    await refuses(/is corrupt \(the value of revision 50 does not match its checksum\)/);
  });

  it('names a damaged old value when it is read, instead of serving it', async () => {
    await filled(1000);
    const bytes = readFileSync(file);
    const at = bytes.indexOf('/k7/k7/k7');
    assert.ok(at > 0);
    bytes.write('X', at + 3);
    writeFileSync(file, bytes);
    const store = createSqliteStore({ file });
    await store.start();

    const wanted = new RegExp(`${file} is corrupt \\(the value of revision 8 does not match its checksum\\)`);
    await assert.rejects(store.list('/', { limit: 2000 }), wanted);
    await assert.rejects(store.changes(0, 100), wanted);
    assert.equal((await store.list('/k8', { limit: 1 })).entries.length, 1);
    await store.close();
  });

  it('refuses a directory it may not write', async () => {
    await filled(3);
    const fresh = join(directory, 'fresh.db');
    chmodSync(file, 0o400);
    chmodSync(directory, 0o500);
    const before = contents(directory);
    try {
      asOrdinaryUser(() => {
        const expected = (name: string): object => ({
          name: 'StoreUnusableError',
          message: new RegExp(
            `${name} may not be written .*: let this user read and write the file and its directory`,
          ),
        });
        assert.throws(() => openForWriting(file), expected(file));
        assert.throws(() => openForWriting(fresh), expected(fresh));
      });
    } finally {
      chmodSync(directory, 0o700);
    }
    assert.deepEqual(contents(directory), before);
  });

  it('refuses a data directory that is a file, and a file that is a directory', async () => {
    const occupied = join(directory, 'occupied');
    writeFileSync(occupied, 'mine');
    file = join(occupied, 'polder.db');
    await refuses(/is not inside a directory/);

    file = join(directory, 'folder');
    mkdirSync(file);
    await refuses(/is a directory/);
  });

  it('refuses to go on when another process wrote to the file', async () => {
    const [ours, theirs] = [createSqliteStore({ file }), createSqliteStore({ file })];
    await ours.start();
    await theirs.start();
    await theirs.append(put('/theirs', 1));

    await assert.rejects(ours.append(put('/ours', 1)), /was written by another process.*stop one of the two/);

    assert.deepEqual(await keysOf(theirs), ['/theirs']);
    await ours.close();
    await theirs.close();
  });
});

const modeOf = (path: string): number => statSync(path).mode & 0o777;
const keysOf = async (store: Store): Promise<readonly string[]> =>
  (await store.list('', { limit: 100 })).entries.map((entry) => entry.key);

/** Name and bytes of every file. A read-only look at a database may leave an empty -wal and its -shm index. */
function contents(directory: string): Readonly<Record<string, string>> {
  const files = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.map(
    (entry) => [entry.name, readFileSync(join(directory, entry.name), 'latin1')] as const,
  );
  return Object.fromEntries(
    bytes.filter(([name, content]) => !name.endsWith('-shm') && !(name.endsWith('-wal') && content === '')),
  );
}

/** Root may write everywhere: become somebody who may not. */
function asOrdinaryUser(task: () => void): void {
  if (process.geteuid?.() !== 0) return task();
  process.seteuid?.(65_534);
  try {
    task();
  } finally {
    process.seteuid?.(0);
  }
}
