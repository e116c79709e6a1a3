import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { decodeBody, decodeFrame, encodeBody, encodeFrame } from './frame.ts';

const MANIFEST = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tenant-acme' } };

describe('bundle frame', () => {
  it('carries envelope and body unchanged', () => {
    const gzipped = encodeBody({ manifests: [MANIFEST], sealed: [] });

    const frame = decodeFrame(encodeFrame({ jws: 'a.b.c', gzipped }));

    assert.equal(frame.jws, 'a.b.c');
    assert.deepEqual(decodeBody(frame.gzipped), { manifests: [MANIFEST], sealed: [] });
  });

  it('refuses a frame that is cut short', () => {
    const frame = encodeFrame({ jws: 'a.b.c', gzipped: Buffer.alloc(0) });

    assert.throws(() => decodeFrame(frame.subarray(0, 3)), { name: 'ProtocolError' });
    assert.throws(() => decodeFrame(frame.subarray(0, 6)), { name: 'ProtocolError' });
  });

  it('refuses a body that unpacks to more than 16 MiB', () => {
    const bomb = gzipSync(Buffer.alloc(17 * 1024 * 1024));

    assert.throws(() => decodeBody(bomb), { code: 'ERR_BUFFER_TOO_LARGE' });
  });
});
