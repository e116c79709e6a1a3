import assert from 'node:assert/strict';
import { startPlane, type Json, type Plane } from '../../test/support/http.ts';

describe('audit records', () => {
  let plane: Plane;
  before(async () => {
    plane = await startPlane();
  });
  after(() => plane.close());

  const sourcesOf = async (headers: Record<string, string>): Promise<readonly string[]> => {
    assert.equal((await plane.call('GET', '/version', { headers })).status, 200);
    return (plane.audit().at(-1) as Json).sourceIPs;
  };

  it('name where a request came from, hop by hop, the one we see ourselves last', async () => {
    const [here = ''] = await sourcesOf({});
    assert.match(here, /127\.0\.0\.1$/);
    assert.deepEqual(await sourcesOf({ 'X-Forwarded-For': '10.1.2.3, fd00::1' }), [
      '10.1.2.3',
      'fd00::1',
      here,
    ]);
    assert.deepEqual(await sourcesOf({ 'X-Forwarded-For': '10.1.2.4' }), ['10.1.2.4', here]);
    assert.deepEqual(await sourcesOf({}), [here], 'nothing is kept of the request before');
    assert.deepEqual(await sourcesOf({ 'X-Forwarded-For': `10.1.2.3, ${here}` }), ['10.1.2.3', here]);
  });

  it('take no hop that is no address, and no endless list', async () => {
    const [here = ''] = await sourcesOf({});
    assert.deepEqual(await sourcesOf({ 'X-Forwarded-For': '"},"user":"root, unknown, 10.0.0.300' }), [here]);
    const many = Array.from({ length: 100 }, (_, index) => `10.0.0.${index}`).join(',');
    assert.equal((await sourcesOf({ 'X-Forwarded-For': many })).length, 17);
  });
});
