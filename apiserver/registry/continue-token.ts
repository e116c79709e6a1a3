/**
 * The continue token of a paged list: which snapshot and where in it.
 * source: kubernetes/apiserver pkg/storage/continue.go; same form, same refusals.
 */
import { badRequest } from '../api/errors.ts';
import { at, isObject } from '../api/json.ts';
import type { Revision } from '../store/store.ts';

const VERSION = 'meta.k8s.io/v1';
/** A token with this revision continues on the newest state: what an expired token is exchanged for. */
export const NEWEST: Revision = -1;

export interface Continue {
  readonly revision: Revision;
  /** First path of the next page. */
  readonly start: string;
}

/** `last` is the path that ends the page. */
export function encodeContinue(revision: Revision, last: string): string {
  // The smallest path behind `last`.
  const token = { v: VERSION, rv: revision, start: `${last}\u0000` };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

/** Throws 400 for what is none of our tokens. */
export function decodeContinue(text: string): Continue {
  const token = parse(text);
  if (!isObject(token) || at(token, 'v') !== VERSION) {
    throw badRequest('continue key is not valid: server does not recognize this encoded version');
  }
  const revision = at(token, 'rv');
  const start = at(token, 'start');
  if (typeof start !== 'string' || start === '') {
    throw badRequest('continue key is not valid: encoded start key empty');
  }
  if (
    typeof revision !== 'number' ||
    !Number.isSafeInteger(revision) ||
    (revision < 1 && revision !== NEWEST)
  ) {
    throw badRequest('continue key is not valid: incorrect encoded start resourceVersion');
  }
  return { revision, start };
}

const NO_TOKEN = 'continue key is not valid: not a token of this server';
/** Without padding; Node would skip what does not belong to the alphabet. */
const BASE64URL = /^[A-Za-z0-9_-]*$/;

function parse(text: string): unknown {
  if (!BASE64URL.test(text)) throw badRequest(NO_TOKEN);
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw badRequest(NO_TOKEN);
  }
}
