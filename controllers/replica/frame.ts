/** The binary frame of a bundle: 4 bytes header length, the header (a compact JWS), then the gzipped body. */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { isObject, type JsonObject } from '../../apiserver/api/json.ts';
import { MAX_DOWNLINK_BYTES, ProtocolError } from './messages.ts';

/** Unpacked bodies above this are refused before they are parsed. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

export interface BundleBody {
  /** Complete manifests in no particular order. */
  readonly manifests: readonly JsonObject[];
  /** JWEs for this plane. */
  readonly sealed: readonly JsonObject[];
}
export interface BundleFrame {
  readonly jws: string;
  /** As received: never serialised again, the signature covers its hash. */
  readonly gzipped: Buffer;
}

export const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export function encodeBody(body: BundleBody): Buffer {
  return gzipSync(JSON.stringify(body));
}

export function decodeBody(gzipped: Buffer): BundleBody {
  const value: unknown = JSON.parse(
    gunzipSync(gzipped, { maxOutputLength: MAX_BODY_BYTES }).toString('utf8'),
  );
  const manifests = isObject(value) ? value['manifests'] : undefined;
  const sealed = isObject(value) ? value['sealed'] : undefined;
  if (
    !Array.isArray(manifests) ||
    !Array.isArray(sealed) ||
    !manifests.every(isObject) ||
    !sealed.every(isObject)
  ) {
    throw new ProtocolError('bundle body must be {manifests: object[], sealed: object[]}');
  }
  return { manifests, sealed };
}

export function encodeFrame({ jws, gzipped }: BundleFrame): Buffer {
  const header = Buffer.from(jws);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(header.length);
  return Buffer.concat([length, header, gzipped]);
}

export function decodeFrame(frame: Buffer): BundleFrame {
  const length = frame.length >= 4 ? frame.readUInt32BE(0) : -1;
  if (length < 0 || frame.length > MAX_DOWNLINK_BYTES || 4 + length > frame.length) {
    throw new ProtocolError('bundle frame is cut short or too large');
  }
  return { jws: frame.toString('utf8', 4, 4 + length), gzipped: frame.subarray(4 + length) };
}
