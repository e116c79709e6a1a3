import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run, startPolder, type Polder } from '../support/polder.ts';

describe('polder up', function () {
  this.timeout(120_000);
  let polder: Polder;
  before(async () => {
    polder = await startPolder();
  });
  after(() => polder.remove());

  const cli = (...args: string[]) => run(process.execPath, ['apiserver/polder.js', ...args], {});

  it('says what to do next and announces itself in ready.json', () => {
    assert.match(
      polder.output(),
      /ready at https:\/\/127\.0\.0\.1:\d+\n[^]*export KUBECONFIG=.*admin\.kubeconfig/,
    );
    assert.deepEqual(JSON.parse(readFileSync(join(polder.dir, 'ready.json'), 'utf8')), {
      url: polder.url,
      kubeconfig: join(polder.dir, 'admin.kubeconfig'),
      pid: polder.pid,
    });
  });

  it('refuses a second start on the same directory with exit code 3 and names the holder', async () => {
    const second = await cli('up', '--data-dir', polder.dir, '--port', '0');

    assert.equal(second.code, 3);
    assert.match(second.stderr, new RegExp(`held by process ${polder.pid} since`));
  });

  it('names the right flags and exits 2 for a wrong one', async () => {
    const wrong = await cli('up', '--prot', '1');

    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--data-dir, --port, --log-level/);
    assert.equal((await cli('upp')).code, 2);
    assert.equal((await cli('up', '--port', 'x')).code, 2);
  });

  it('takes every flag from the environment', async () => {
    const env = { POLDER_DATA_DIR: polder.dir, POLDER_PORT: '0' };

    const second = await run(process.execPath, ['apiserver/polder.js', 'up'], { env });

    assert.equal(second.code, 3);
  });

  it('moves an audit log that grew too long aside and keeps the newest ones', async () => {
    const args = ['--audit-log-maxsize', '1', '--audit-log-maxbackup', '2'];
    const first = await startPolder({ args });
    const audit = join(first.dir, 'audit.log');
    const old = ['2001', '2002'].map((year) => join(first.dir, `audit-${year}-01-01T00-00-00.000Z.log`));
    await first.stop();
    for (const file of old) writeFileSync(file, 'old');
    appendFileSync(audit, 'x'.repeat(1024 * 1024));

    const again = await first.restart();
    try {
      await again.ok(['get', 'tenants']);
      await again.stop();

      const names = readdirSync(first.dir).filter((name) => /^audit-.*\.log$/.test(name));
      assert.equal(names.length, 2);
      assert.deepEqual(
        old.map((file) => existsSync(file)),
        [false, true],
      );
      assert.ok(statSync(audit).size < 1024 * 1024);
      assert.match(readFileSync(audit, 'utf8'), /"resource":"tenants"/);
    } finally {
      await again.remove();
    }
  });

  it('prints version and help', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

    assert.equal((await cli('--version')).stdout, `polder ${version}\n`);
    assert.match((await cli('up', '--help')).stdout, /--port VALUE .*POLDER_PORT/);
  });

  it('mints a kubeconfig through npm run and a redirection, without npm in it', async () => {
    const file = join(polder.dir, 'npm.kubeconfig');
    const command = `npm run polder -- kubeconfig --data-dir '${polder.dir}' --user ann --group acme-admins > '${file}'`;

    const minted = await run('sh', ['-c', command], {});

    assert.equal(minted.code, 0, minted.stderr);
    assert.match(readFileSync(file, 'utf8'), /^apiVersion: v1\nkind: Config\n/);
    assert.match((await polder.kubectl(['get', 'tenants'], { as: file })).stderr, /User "ann" cannot list/);
  });

  it('keeps keys and kubeconfig to the owner', () => {
    for (const name of ['admin.kubeconfig', 'pki/ca.key', 'pki/serving.key', 'store.db', 'audit.log']) {
      assert.equal(statSync(join(polder.dir, name)).mode & 0o077, 0, name);
    }
  });

  it('drains on SIGINT, exits 0, removes ready.json and starts again with everything it held', async () => {
    await polder.ok(['apply', '-f', 'manifests/samples/quickstart/10-tenants.yaml']);

    const code = await polder.stop('SIGINT');
    const gone = !existsSync(join(polder.dir, 'ready.json'));
    polder = await polder.restart();

    assert.deepEqual({ code, gone }, { code: 0, gone: true });
    assert.match(await polder.ok(['get', 'tenant', 'acme', '-o', 'name']), /tenant.*\/acme/);
  });

  it('takes the two signals for one that a Ctrl-C under npm is, and still drains', async () => {
    const ready = JSON.parse(readFileSync(join(polder.dir, 'ready.json'), 'utf8')) as {
      readonly pid: number;
    };
    process.kill(ready.pid, 'SIGINT');

    const code = await polder.stop('SIGINT');
    const gone = !existsSync(join(polder.dir, 'ready.json'));
    polder = await polder.restart();

    assert.deepEqual({ code, gone }, { code: 0, gone: true });
  });

  it('starts after kill -9 with everything it had acknowledged', async () => {
    await polder.ok(['label', 'tenant', 'acme', 'kept=b']);

    await polder.stop('SIGKILL');
    polder = await polder.restart();

    assert.equal(await polder.ok(['get', 'tenant', 'acme', '-o', 'jsonpath={.metadata.labels.kept}']), 'b');
  });
});
