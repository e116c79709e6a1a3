import assert from 'node:assert/strict';
import { systemClock } from '../runtime/clock.ts';
import { readFlags, UsageError } from '../runtime/flags.ts';
import { silentLog } from '../runtime/log.ts';
import { openStore, STORE_FLAGS } from './open.ts';

describe('the choice of a store', () => {
  const choose = async (...args: readonly string[]): Promise<unknown> =>
    await openStore(readFlags(STORE_FLAGS, args, {}), {
      file: '/nowhere/x.db',
      clock: systemClock,
      log: silentLog,
    });

  it('is sqlite unless said otherwise, which needs nobody to catch up with', async () => {
    assert.equal('sync' in ((await choose()) as object), false);
    await assert.rejects(async () => await choose('--store=memory'), UsageError);
  });

  it('of etcd needs servers and a usable prefix, and opens nothing yet', async () => {
    const servers = '--etcd-servers=https://a:2379,https://b:2379';
    assert.equal('sync' in ((await choose('--store=etcd', servers)) as object), true);
    await assert.rejects(choose('--store=etcd'), /--etcd-servers/);
    for (const prefix of ['', 'polder', '/', '//', '/a b']) {
      await assert.rejects(choose('--store=etcd', servers, `--etcd-prefix=${prefix}`), /--etcd-prefix/);
    }
  });
});
