import assert from 'node:assert/strict';
import { describeFlags, readFlags, type Flags } from './flags.ts';

const FLAGS: Flags = {
  port: { help: 'Port.', default: '7443', range: [0, 65_535] },
  group: { help: 'Group.', multiple: true },
  'log-level': { help: 'Level.', default: 'info', oneOf: ['error', 'info', 'debug'] },
  help: { help: 'Help.', boolean: true },
};

describe('flags', () => {
  it('prefers the flag to the variable and the variable to the default', () => {
    const env = { POLDER_PORT: '1', POLDER_LOG_LEVEL: 'debug' };

    const values = readFlags(FLAGS, ['--port=2', '--group', 'a', '--group=b'], env);

    assert.deepEqual(values, { port: ['2'], group: ['a', 'b'], 'log-level': ['debug'], help: [] });
  });

  it('names the right flags when one is unknown', () => {
    assert.throws(() => readFlags(FLAGS, ['--prot', '2'], {}), {
      name: 'UsageError',
      message: /Unknown option '--prot'; the flags are --port, --group, --log-level, --help/,
    });
  });

  it('says where a wrong value came from and what would be right', () => {
    assert.throws(() => readFlags(FLAGS, [], { POLDER_PORT: '70000' }), {
      message: 'POLDER_PORT is "70000"; it must be a whole number from 0 to 65535',
    });
    assert.throws(() => readFlags(FLAGS, ['--log-level', 'loud'], {}), {
      message: '--log-level is "loud"; it must be one of error, info, debug',
    });
  });

  it('describes every flag with its variable', () => {
    const lines = describeFlags(FLAGS).split('\n');

    assert.equal(lines.length, Object.keys(FLAGS).length);
    assert.match(lines[2] ?? '', /--log-level VALUE\s+Level\. \(default info\) {2}\[POLDER_LOG_LEVEL\]/);
  });
});
