import assert from 'node:assert/strict';
import { parseDown, parseUp } from './messages.ts';

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
      message: 'RECEIVED.rv must be of type number',
    });
    assert.throws(() => parseUp('{'), { message: 'message is not JSON' });
  });

  it('reads a message of the list', () => {
    assert.deepEqual(parseUp('{"type":"RECEIVED","rv":7}'), { type: 'RECEIVED', rv: 7 });
  });
});
