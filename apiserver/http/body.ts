/**
 * Reads request bodies: bounded while they arrive, then parsed by media type without losing what a plain
 * JavaScript value cannot show.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { ApiError, badRequest } from '../api/errors.ts';
import { JsonSyntaxError } from '../api/json-reader.ts';
import type { Kind } from '../api/kind.ts';
import { parseJson } from '../api/parse-json.ts';
import type { Body } from '../registry/registry.ts';
import { JSON_TYPE, mediaTypeOf, unsupportedMediaType, YAML_TYPE } from './negotiation.ts';
import { parseProtobuf, PROTOBUF_TYPE } from './protobuf/decode.ts';
import { parseYaml } from './yaml.ts';

/**
 * The whole body. Throws `ApiError` RequestEntityTooLarge above `maxBytes`, at once or later; what still arrives is then thrown
 * away while the answer goes out, because closing at once would reset the connection before the client read it.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) {
    request.resume();
    throw tooLarge(maxBytes);
  }
  // A request without a body ended before it came, and says so no more.
  if (request.readableEnded) return Promise.resolve(EMPTY);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      request.off('data', onData);
      request.resume();
      reject(tooLarge(maxBytes));
    };
    request.on('data', onData);
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => {
      // Every request closes; the error, with its stack, is made for those only that are cut off.
      if (!request.readableEnded)
        reject(badRequest('the connection was closed before the body was complete'));
    });
  });
}
const EMPTY = Buffer.alloc(0);

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${maxBytes}`);
}

/**
 * An object to create or update, or delete options. Protobuf is read for Kubernetes' own kinds, which kubectl sends
 * in it, and not for ours, as for custom resources. Throws `ApiError` UnsupportedMediaType or BadRequest.
 */
export function parseBody(contentType: string | undefined, bytes: Buffer, origin: Kind['origin']): Body {
  const type = wellFormed(contentType) ? mediaTypeOf(contentType) : NO_TYPE;
  if (type === JSON_TYPE || type === '') return parseJsonBody(bytes);
  if (type === YAML_TYPE) return parseYamlBody(bytes);
  if (type === PROTOBUF_TYPE && origin === 'native') return parseProtobuf(bytes);
  throw unsupportedMediaType(objectTypes(origin));
}

/** Throws `ApiError` UnsupportedMediaType before anything is read of the body. */
export function requireObjectType(contentType: string | undefined, origin: Kind['origin']): void {
  const type = wellFormed(contentType) ? mediaTypeOf(contentType) : NO_TYPE;
  const types = objectTypes(origin);
  if (type !== '' && !types.includes(type)) throw unsupportedMediaType(types);
}

const NO_TYPE = '?';
const MAX_TYPE_LENGTH = 1024;
const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
const PARAMETERS = new RegExp(`^[^;]*(?:;\\s*${TOKEN}=(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*")\\s*)*(?:;\\s*)?$`);

/** Whether what follows the media type are parameters. A patch is taken by its media type alone, as in Kubernetes. */
const wellFormed = (contentType = ''): boolean =>
  !contentType.includes(';') || (contentType.length <= MAX_TYPE_LENGTH && PARAMETERS.test(contentType));

const objectTypes = (origin: Kind['origin']): readonly string[] =>
  origin === 'native' ? [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE] : [JSON_TYPE, YAML_TYPE];

/** Throws `ApiError` BadRequest. */
export function parseJsonBody(bytes: Buffer): Body {
  try {
    return parseJson(bytes);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw badRequest(`the body is not valid JSON: ${error.message}`);
    throw error;
  }
}

const OPENING_BRACE = 0x7b;

/**
 * An object or an apply configuration that is YAML by name. In practice it is JSON, which is YAML as well, and that is
 * read by the faster parser, however much of it there is. Throws `ApiError` BadRequest or RequestEntityTooLarge.
 */
export function parseYamlBody(bytes: Buffer): Body {
  // What is not UTF-8 is no YAML; the parser of JSON would replace it, as it does everywhere in Kubernetes.
  if (bytes[0] === OPENING_BRACE && isUtf8(bytes)) {
    try {
      const body = parseJson(bytes);
      // A number beyond a double is text in YAML.
      if (body.lossy.every(({ literal }) => Number.isFinite(Number(literal)))) return body;
    } catch (error) {
      // A YAML flow mapping also starts with a brace.
      if (!(error instanceof JsonSyntaxError)) throw error;
    }
  }
  return parseYaml(bytes);
}
