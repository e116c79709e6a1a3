/**
 * The OpenAPI documents of one server as bytes with strong hashes. Each is made on first use and kept compressed, as
 * nearly all clients take it; kinds do not change while a process runs.
 */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Kind } from '../../api/kind.ts';
import { encodeGnostic } from './gnostic.ts';
import { groupVersionPath } from './names.ts';
import type { Node } from './node.ts';
import { openApiV2 } from './v2.ts';
import { openApiV3, type DocumentInfo } from './v3.ts';

export interface OpenApiDocument {
  /** The body as `Content-Encoding: gzip`. */
  readonly gzipped: Buffer;
  /** Decompressed anew each time. */
  readonly body: Buffer;
  /** Upper-case hexadecimal SHA-256 of the body; the `hash` query value of version 3 URLs. */
  readonly hash: string;
  /** The hash in quotes, for `ETag` and `If-None-Match`. */
  readonly etag: string;
  readonly contentType: string;
}

export interface OpenApiDocuments {
  /** `/openapi/v2` for JSON. */
  v2(): OpenApiDocument;
  /** `/openapi/v2` for the media types in `V2_PROTOBUF_TYPES`. */
  v2Protobuf(): OpenApiDocument;
  /** `/openapi/v3`: the index of group-versions. */
  v3Root(): OpenApiDocument;
  /** `/openapi/v3/<path>`, with `apis/<group>/<version>` or `api/v1`; undefined for what is not served. */
  v3(path: string): OpenApiDocument | undefined;
}

/**
 * What clients ask for, the older form first. The answer always carries the second.
 * source: kube-openapi pkg/handler/handler.go.
 */
export const V2_PROTOBUF_TYPES = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
] as const;

const JSON_TYPE = 'application/json';

/** `kinds` is everything this server serves; `info` stands in every document. Does no work yet. */
export function createOpenApiDocuments(kinds: readonly Kind[], info: DocumentInfo): OpenApiDocuments {
  const groups = Map.groupBy(kinds, groupVersionPath);
  const made = new Map<string, OpenApiDocument>();
  const once = (key: string, contentType: string, build: () => Buffer): OpenApiDocument => {
    let document = made.get(key);
    if (document === undefined) made.set(key, (document = seal(build(), contentType)));
    return document;
  };
  const v3 = (path: string): OpenApiDocument | undefined => {
    const served = groups.get(path);
    return served && once(path, JSON_TYPE, () => json(openApiV3(served, info)));
  };
  return {
    v2: () => once('v2', JSON_TYPE, () => json(openApiV2(kinds, info))),
    v2Protobuf: () => once('v2 protobuf', V2_PROTOBUF_TYPES[1], () => encodeGnostic(openApiV2(kinds, info))),
    v3Root: () => once('v3', JSON_TYPE, () => json(v3Index([...groups.keys()].sort(), v3))),
    v3,
  };
}

/** source: kube-openapi pkg/handler3: clients follow these URLs and keep what they find for ever. */
function v3Index(paths: readonly string[], v3: (path: string) => OpenApiDocument | undefined): Node {
  const entries = paths.map((path) => [
    path,
    { serverRelativeURL: `/openapi/v3/${path}?hash=${v3(path)?.hash ?? ''}` },
  ]);
  return { paths: Object.fromEntries(entries) as Node };
}

const json = (node: Node): Buffer => Buffer.from(JSON.stringify(node));

function seal(body: Buffer, contentType: string): OpenApiDocument {
  const hash = createHash('sha256').update(body).digest('hex').toUpperCase();
  const gzipped = gzipSync(body);
  return {
    gzipped,
    get body() {
      return gunzipSync(gzipped);
    },
    hash,
    etag: `"${hash}"`,
    contentType,
  };
}
