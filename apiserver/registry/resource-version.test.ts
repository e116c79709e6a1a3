import assert from 'node:assert/strict';
import { decodeContinue, encodeContinue } from './continue-token.ts';
import { parseRevision } from './resource-version.ts';

const refused = { code: 400, reason: 'BadRequest' };

describe('resource versions', () => {
  it('are numbers of 64 bits, with zeros in front or not', () => {
    const read = ['', '0', '00', '01', `${'0'.repeat(100)}7`, '9007199254740993', '18446744073709551615'];
    const [none, ...numbers] = read.map(parseRevision);
    assert.equal(none, undefined);
    assert.deepEqual(numbers, [0, 0, 1, 7, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
  });

  it('are 400 beyond 64 bits and where they are no numbers', () => {
    for (const text of ['18446744073709551616', '9'.repeat(30), '-1', '+1', '1.0', '0x1', ' 1', 'x'])
      assert.throws(() => parseRevision(text), refused, text);
  });
});

describe('continue tokens', () => {
  it('are 400 with anything that is not of their alphabet', () => {
    const token = encodeContinue(7, 'a/b');
    assert.deepEqual(decodeContinue(token), { revision: 7, start: 'a/b\u0000' });
    for (const text of [`${token}=`, `${token} `, `=${token}`, `${token}+/`])
      assert.throws(() => decodeContinue(text), refused, text);
  });
});
