import assert from 'node:assert/strict';
import { parseDown, parseUp } from './messages.ts';

const HELLO = {
  protos: ['polder-replay/1'],
  agentVersion: '1',
  instanceId: 'i',
  clusterUID: 'c',
  cursor: { epoch: 1, rv: 2 },
  digest: '',
  proof: 'x',
};

describe('replay messages', () => {
  it('D11 refuses a message type outside the closed list', () => {
    assert.throws(() => parseUp('{"type":"EXEC","cmd":"sh"}'), { name: 'ProtocolError', message: /"EXEC"/ });
    assert.throws(() => parseDown('{"type":"PROXY"}'), { name: 'ProtocolError' });
    assert.throws(() => parseUp('{"type":"constructor"}'), { name: 'ProtocolError' });
  });

  it('D11 refuses a field that the message does not have', () => {
    assert.throws(() => parseUp('{"type":"RECEIVED","rv":1,"rows":["secret"]}'), {
      message: 'RECEIVED has no field "rows"',
    });
  });

  it('refuses a field of the wrong type and what is no JSON', () => {
    assert.throws(() => parseUp('{"type":"RECEIVED","rv":"1"}'), {
      message: 'RECEIVED.rv must be a whole number of 0 or more',
    });
    assert.throws(() => parseUp('{'), { message: 'message is not JSON' });
  });

  const NESTED: readonly (readonly [string, object])[] = [
    ['a cursor of texts', { type: 'HELLO', ...HELLO, cursor: { epoch: '1', rv: '2' } }],
    ['a cursor with more in it', { type: 'HELLO', ...HELLO, cursor: { epoch: 1, rv: 2, rows: [] } }],
    [
      'a state that does not exist',
      { type: 'RESULT', uid: 'u', gen: 1, state: 'Owned', objects: [], error: '' },
    ],
    [
      'nothing for an object',
      { type: 'RESULT', uid: 'u', gen: 1, state: 'Nack', objects: [null], error: '' },
    ],
    ['half a generation', { type: 'HAVE', bundles: [{ uid: 'u', gen: 0.5, hash8: 'a' }], last: true }],
    ['a text without end', { type: 'HELLO', ...HELLO, agentVersion: 'x'.repeat(65) }],
    [
      'too many at once',
      { type: 'HAVE', bundles: Array(2_001).fill({ uid: 'u', gen: 1, hash8: 'a' }), last: true },
    ],
  ];
  for (const [name, message] of NESTED) {
    it(`refuses ${name}`, () => {
      assert.throws(() => parseUp(JSON.stringify(message)), { name: 'ProtocolError' });
    });
  }

  it('reads a message of the list', () => {
    assert.deepEqual(parseUp('{"type":"RECEIVED","rv":7}'), { type: 'RECEIVED', rv: 7 });
    assert.deepEqual(parseUp(JSON.stringify({ type: 'HELLO', ...HELLO })), { type: 'HELLO', ...HELLO });
  });
});
