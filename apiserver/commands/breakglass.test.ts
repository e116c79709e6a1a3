import assert from 'node:assert/strict';
import { UsageError } from '../runtime/flags.ts';
import { breakglass, durationMs } from './breakglass.ts';

describe('polder breakglass', () => {
  it('takes times from a second to four hours', () => {
    assert.equal(durationMs('90s'), 90_000);
    assert.equal(durationMs('30m'), 1_800_000);
    assert.equal(durationMs('4h'), 14_400_000);
    for (const bad of ['', '0s', '30', '1d', '5h', '241m', '-1m', '1.5h', '1h30m']) {
      assert.throws(() => durationMs(bad), UsageError, bad);
    }
  });

  it('wants a reason that fits into one line', async () => {
    for (const args of [[], ['--reason', ' '], ['--reason', 'a\nb'], ['--reason', 'x'.repeat(513)]]) {
      await assert.rejects(breakglass([...args, '--kubeconfig', '/nowhere']), /--reason is needed/);
    }
  });

  it('acts as a person only: without a kubeconfig it does nothing', async () => {
    await assert.rejects(
      breakglass(['--reason', 'because', '--kubeconfig', '/nowhere/config']),
      /\/nowhere\/config does not exist; give --kubeconfig/,
    );
  });
});
