/** Writes answers: the headers every answer carries, Status bodies, warnings and whole buffers. */
import type { ApiError } from '../api/errors.ts';
import type { Exchange } from './exchange.ts';
import { IDLE_SECONDS } from './idle-connections.ts';
import { JSON_TYPE, negotiateStatus, wantsPretty } from './negotiation.ts';
import { toYaml } from './yaml.ts';

/** source: kubernetes/apiserver pkg/endpoints/filters/cachecontrol.go */
const NO_CACHE = 'no-cache, private';

const KEEP_ALIVE = `timeout=${IDLE_SECONDS}`;

/** One complete body. `headers` are name, value, name, value. */
export function sendBytes(
  exchange: Exchange,
  code: number,
  answer: { readonly type: string; readonly body: Buffer; readonly headers?: readonly string[] },
): void {
  if (exchange.answered) return;
  const headers = commonHeaders(exchange, answer.type, answer.headers);
  headers.push('Content-Length', String(answer.body.length));
  exchange.code = code;
  exchange.response.writeHead(code, headers);
  const { body } = answer;
  // As text of the same bytes, Node sends head and body in one write instead of gathering two.
  if (body.length <= MAX_ONE_WRITE_BYTES) exchange.response.end(body.toString('latin1'), 'latin1');
  else exchange.response.end(body);
}
/** Above this the copy costs more than it saves. */
const MAX_ONE_WRITE_BYTES = 16_384;

/** Answers without a body, such as 304. */
export function sendEmpty(exchange: Exchange, code: number, headers: readonly string[]): void {
  if (exchange.answered) return;
  exchange.code = code;
  exchange.response.writeHead(code, ['Audit-Id', exchange.auditId, ...headers]);
  exchange.response.end();
}

/** Name, value, name, value: the form Node writes without looking at it again. */
export function commonHeaders(exchange: Exchange, type: string, more?: readonly string[]): string[] {
  const headers = ['Audit-Id', exchange.auditId];
  if (more === undefined || !more.includes('Cache-Control')) headers.push('Cache-Control', NO_CACHE);
  headers.push('Content-Type', type, 'Keep-Alive', KEEP_ALIVE);
  if (more !== undefined) headers.push(...more);
  if (exchange.warnings.length > 0) {
    for (const text of boundedWarnings(exchange.warnings)) headers.push('Warning', warningHeader(text));
  }
  return headers;
}

export function sendJson(
  exchange: Exchange,
  code: number,
  value: unknown,
  headers?: readonly string[],
): void {
  const pretty = wantsPretty(exchange.info.query, exchange.request.headers['user-agent']);
  const text = pretty ? `${JSON.stringify(value, undefined, 2)}\n` : `${JSON.stringify(value)}\n`;
  sendBytes(exchange, code, {
    type: JSON_TYPE,
    body: Buffer.from(text),
    ...(headers === undefined ? {} : { headers }),
  });
}

/** Answers a failure the client can see. Anything that is no `ApiError` must have been turned into one. */
export function sendError(exchange: Exchange, error: ApiError): void {
  if (exchange.answered) return;
  exchange.reason = error.reason;
  const headers: string[] = [];
  const retryAfter = error.details?.retryAfterSeconds;
  if (retryAfter !== undefined) headers.push('Retry-After', String(retryAfter));
  if (error.reason === 'Unauthorized') headers.push('WWW-Authenticate', 'Bearer realm="polder"');
  sendStatus(exchange, error.code, error.status(), {
    headers,
    mediaType: negotiateStatus(exchange.request.headers.accept),
  });
}

/** A Status: what an answer is when there is no object to show. */
export function sendStatus(
  exchange: Exchange,
  code: number,
  status: object,
  answer: { readonly mediaType: string; readonly headers?: readonly string[] },
): void {
  if (answer.mediaType === JSON_TYPE) {
    sendJson(exchange, code, status, answer.headers);
    return;
  }
  sendBytes(exchange, code, {
    type: answer.mediaType,
    body: Buffer.from(toYaml(status)),
    ...(answer.headers === undefined ? {} : { headers: answer.headers }),
  });
}

/** Whole text of all warnings of one answer, in characters. */
const MAX_WARNINGS_LENGTH = 4096;
/** Length of each when they are too long together. */
const TRUNCATED_WARNING_LENGTH = 256;

/** source: kubernetes/apiserver pkg/endpoints/filters/warning.go */
function boundedWarnings(warnings: readonly string[]): readonly string[] {
  const total = warnings.reduce((sum, text) => sum + text.length, 0);
  if (total <= MAX_WARNINGS_LENGTH) return warnings;
  return warnings
    .slice(0, Math.floor(MAX_WARNINGS_LENGTH / TRUNCATED_WARNING_LENGTH))
    .map((text) => text.slice(0, TRUNCATED_WARNING_LENGTH));
}

/** source: RFC 7234 section 5.5; a quoted-string without control characters, UTF-8 bytes as Node's latin1. */
function warningHeader(text: string): string {
  const quoted = text.replace(/\p{Cc}/gu, ' ').replace(/["\\]/g, '\\$&');
  return `299 - "${latin1OfUtf8(quoted)}"`;
}

/** Node writes header strings as latin1; this makes the bytes on the wire UTF-8. */
function latin1OfUtf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
