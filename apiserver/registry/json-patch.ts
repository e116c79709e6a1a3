/**
 * RFC 6902 on immutable trees, with the limits and answers of kube-apiserver: malformed is 400, a path that is not
 * there or a failed test 422, too many operations or too much copying 413.
 * source: kubernetes/apiserver pkg/endpoints/handlers/patch.go; evanphx/json-patch for negative indices and `test`.
 */
import { ApiError, badRequest } from '../api/errors.ts';
import { isObject, type Json } from '../api/json.ts';
import { equal, own } from './tree.ts';

const MAX_OPERATIONS = 10_000;
/** Sum of what `copy` may duplicate. */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

/** A patch that does not fit the object it is applied to; answered as 422. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
}

type Pointer = readonly string[];
type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: Pointer; readonly value: Json }
  | { readonly op: 'remove'; readonly path: Pointer }
  | { readonly op: 'move' | 'copy'; readonly path: Pointer; readonly from: Pointer };

/** Throws 400 or 413. */
export function parsePatch(body: unknown): readonly Operation[] {
  if (!Array.isArray(body)) throw badRequest('error decoding patch: a JSON patch is a list of operations');
  if (body.length > MAX_OPERATIONS) {
    throw new ApiError(
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${body.length}`,
    );
  }
  return body.map(parseOperation);
}

function parseOperation(entry: unknown, index: number): Operation {
  if (!isObject(entry)) throw malformed(index, 'is not an object');
  const named = own(entry, 'op');
  const op = typeof named === 'string' ? named : '';
  const path = pointer(own(entry, 'path'), index, 'path');
  switch (op) {
    case 'remove':
      return { op, path };
    case 'add':
    case 'replace':
    case 'test': {
      const value = own(entry, 'value');
      if (value === undefined && op !== 'test') throw malformed(index, 'has no value');
      return { op, path, value: value ?? null };
    }
    case 'move':
    case 'copy':
      return { op, path, from: pointer(own(entry, 'from'), index, 'from') };
    default:
      throw malformed(index, 'has no op that RFC 6902 knows');
  }
}

function pointer(text: Json | undefined, index: number, field: string): Pointer {
  if (typeof text !== 'string' || (text !== '' && !text.startsWith('/'))) {
    throw malformed(index, `has no JSON pointer in ${field}`);
  }
  return text
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const malformed = (index: number, what: string): ApiError =>
  badRequest(`error decoding patch: operation ${index} ${what}`);

/** Throws `PatchError` when an operation does not apply and 413 when it copies too much; `target` stays as it is. */
export function applyPatch(target: Json, operations: readonly Operation[]): Json {
  // One private copy that is changed in place: copying on every operation would let 10,000 of them block the process.
  const box: Box = { document: clone(target) };
  let copied = 0;
  for (const operation of operations) {
    if (operation.op === 'copy') {
      // source: evanphx/json-patch finds the whole document nowhere.
      if (operation.from.length === 0) throw new PatchError('the whole document cannot be copied');
      copied += JSON.stringify(read(box, operation.from)).length;
      if (copied > MAX_COPIED_BYTES) {
        throw new ApiError('RequestEntityTooLarge', 'the JSON patch copies more than 3 MiB');
      }
    }
    apply(box, operation);
  }
  return box.document as Json;
}

type Mutable = string | number | boolean | null | Mutable[] | { [key: string]: Mutable };
interface Box {
  document: Mutable;
}

const clone = (value: Json): Mutable => JSON.parse(JSON.stringify(value)) as Mutable;

function apply(box: Box, operation: Operation): void {
  switch (operation.op) {
    case 'add':
      add(box, operation.path, clone(operation.value));
      return;
    case 'replace':
      read(box, operation.path);
      replace(box, operation.path, clone(operation.value));
      return;
    case 'remove':
      remove(box, operation.path);
      return;
    case 'copy':
      add(box, operation.path, clone(read(box, operation.from)));
      return;
    case 'move':
      move(box, operation.from, operation.path);
      return;
    case 'test':
      if (equal(find(box.document, operation.path) ?? null, operation.value)) return;
      throw new PatchError(`testing value ${show(operation.path)} failed`);
  }
}

function move(box: Box, from: Pointer, path: Pointer): void {
  const value = read(box, from);
  if (path.length > from.length && from.every((step, index) => path[index] === step)) {
    throw new PatchError(`${show(from)} cannot be moved into itself`);
  }
  if (from.length === 0) return;
  remove(box, from);
  add(box, path, value);
}

const show = (path: Pointer): string =>
  path.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
const missing = (path: Pointer): PatchError => new PatchError(`doc is missing path: ${show(path)}`);
const isMap = (value: Mutable | undefined): value is { [key: string]: Mutable } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined when the path leads nowhere. */
function find(document: Mutable, path: Pointer): Mutable | undefined {
  let current: Mutable | undefined = document;
  for (const step of path) {
    if (Array.isArray(current)) current = current[indexIn(current, step)];
    else current = isMap(current) && Object.hasOwn(current, step) ? current[step] : undefined;
    if (current === undefined) return undefined;
  }
  return current;
}

function read(box: Box, path: Pointer): Mutable {
  const value = find(box.document, path);
  if (value === undefined) throw missing(path);
  return value;
}

/** -1 when `step` is no index of the list; a sign may stand before it, and negative indices count from the end. */
function indexIn(items: readonly unknown[], step: string): number {
  if (!/^[-+]?(?:0|[1-9][0-9]*)$/.test(step)) return -1;
  const index = Number(step);
  return index < 0 ? Math.max(index + items.length, -1) : index;
}

const lastOf = (path: Pointer): string => path.at(-1) ?? '';

function add(box: Box, path: Pointer, value: Mutable): void {
  const parent = path.length === 0 ? undefined : read(box, path.slice(0, -1));
  if (!Array.isArray(parent)) {
    replace(box, path, value);
    return;
  }
  const step = lastOf(path);
  const index = step === '-' ? parent.length : indexIn(parent, step);
  if (index < 0 || index > parent.length) throw missing(path);
  parent.splice(index, 0, value);
}

function replace(box: Box, path: Pointer, value: Mutable): void {
  if (path.length === 0) {
    box.document = value;
    return;
  }
  const parent = read(box, path.slice(0, -1));
  const step = lastOf(path);
  if (Array.isArray(parent)) parent[indexIn(parent, step)] = value;
  else if (isMap(parent)) define(parent, step, value);
  else throw missing(path);
}

/** Assigning to `__proto__` would not make a key. */
function define(parent: { [key: string]: Mutable }, key: string, value: Mutable): void {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
}

function remove(box: Box, path: Pointer): void {
  if (path.length === 0) throw new PatchError('the whole document cannot be removed');
  read(box, path);
  const parent = read(box, path.slice(0, -1));
  const step = lastOf(path);
  if (Array.isArray(parent)) parent.splice(indexIn(parent, step), 1);
  else if (isMap(parent)) delete parent[step];
}
