import assert from 'node:assert/strict';
import { plane } from '../../test/support/objects.ts';
import type { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { connection } from './data-plane.ts';

const BEAT = Date.parse('2026-01-01T00:00:00Z');
const registered = (agent: NonNullable<DataPlane['status']>['agent']): DataPlane => ({
  ...plane('eu1'),
  status: {
    dataPlaneID: 'id',
    publicKeys: { sign: { kty: 'OKP', crv: 'Ed25519', x: 'x' } },
    ...(agent === undefined ? {} : { agent }),
  },
});
const beating = registered({ connected: true, lastHeartbeatTime: '2026-01-01T00:00:00Z' });

describe('connection of a data plane', () => {
  it('A4 is True up to three missed heartbeats and False from then on', () => {
    assert.deepEqual(connection(beating, BEAT + 1_000), {
      finding: { status: 'True', reason: 'Heartbeat', message: '' },
      looksAgainInMs: 179_000,
    });
    assert.equal(connection(beating, BEAT + 179_999).finding.status, 'True');
    assert.equal(connection(beating, BEAT + 180_000).finding.reason, 'HeartbeatMissed');
  });

  it('is False at once when the agent hung up, and needs no second look', () => {
    const away = registered({ connected: false, lastHeartbeatTime: '2026-01-01T00:00:00Z' });

    assert.equal(connection(away, BEAT + 1_000).finding.reason, 'Disconnected');
    assert.equal(connection(away, BEAT + 1_000).looksAgainInMs, undefined);
  });

  it('is Unknown before the first heartbeat and False before registration', () => {
    assert.equal(connection(registered(undefined), BEAT).finding.status, 'Unknown');
    assert.equal(connection(plane('new'), BEAT).finding.reason, 'NotRegistered');
  });
});
