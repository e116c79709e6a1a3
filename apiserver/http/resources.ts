/** The resource endpoints: one handler per verb, from an authenticated exchange to the registry and back. */
import { notFound } from '../api/errors.ts';
import type { Attributes } from '../api/identity.ts';
import type { Kind } from '../api/kind.ts';
import type { AccessGate, Authorizer } from '../policy/policy.ts';
import type { ListResult, Patch, Registry, StoredObject, Target, Written } from '../registry/registry.ts';
import { Scale } from '../registry/scale-kind.ts';
import type { Clock } from '../runtime/clock.ts';
import {
  attributesOf,
  requireAccess,
  requireListAccess,
  requirePassage,
  resourceAttributes,
} from './access.ts';
import { parseYamlBody, parseBody, parseJsonBody, readBody, requireObjectType } from './body.ts';
import { timedOut } from './deadline.ts';
import { encodeList, encodeObject, type EncodingOptions, type ListMetadata } from './encoding.ts';
import type { Exchange } from './exchange.ts';
import { sendList } from './list.ts';
import { negotiate, patchTypeOf, wantsPretty, type PatchType } from './negotiation.ts';
import { readListOptions } from './read-options.ts';
import { sendBytes, sendStatus } from './respond.ts';
import { isPodConnection, refuseConnection } from './pod-connections.ts';
import { methodNotAllowed, notServed, requireRoute, type Subresource } from './routes.ts';
import { readIncludeObject } from './table/table.ts';
import { createHttpTransport } from './watch-http.ts';
import type { Watches } from './watches.ts';
import { readDeleteOptions, readForce, readWriteOptions } from './write-options.ts';

export interface ResourceDeps {
  readonly registry: Registry;
  readonly authorizer: Authorizer;
  /** Has let the request pass; asked again for what the request does beside its own verb. */
  readonly gate?: AccessGate;
  readonly watches: Watches;
  readonly clock: Clock;
  readonly maxBodyBytes: number;
}

/** Answers at once where nothing has to be waited for. */
type Handle = (deps: ResourceDeps, exchange: Exchange, kind: Kind) => Promise<void> | void;

/** Decides access, then answers. What it returns throws `ApiError`, at once or later. */
export function createResources(deps: ResourceDeps): (exchange: Exchange) => Promise<void> | void {
  return (exchange) => {
    const { info, kind } = exchange;
    if (kind === undefined) {
      // Whether a resource exists is told to those only who may use it, or see in discovery that it does not.
      if (!deps.authorizer.authorize(exchange.user, DISCOVERY).allowed) {
        requireAccess(deps.authorizer, exchange, attributesOf(info));
      }
      throw notServed(info);
    }
    if (isPodConnection(info, kind)) return refuseConnection(deps, exchange, kind);
    const handle = Object.hasOwn(HANDLERS, info.verb) ? HANDLERS[info.verb] : undefined;
    if (handle === undefined) throw methodNotAllowed(kind, exchange.request.method ?? '');
    return handle(deps, exchange, kind);
  };
}

const DISCOVERY: Attributes = { is: 'path', verb: 'get', path: '/apis' };

const HANDLERS: Readonly<Record<string, Handle>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeCollection,
};

/** Access first, so that a caller without it learns nothing about what exists. */
function admit(deps: ResourceDeps, exchange: Exchange, kind: Kind): Subresource {
  requireAccess(deps.authorizer, exchange, resourceAttributes(exchange.info));
  return requireRoute(exchange.info, kind);
}

function targetOf(exchange: Exchange, kind: Kind): { kind: Kind; namespace: string; name: string } {
  const { info } = exchange;
  // The namespace of a Namespace is its own name in the URL, and none in the registry.
  return { kind, namespace: kind.scope === 'Cluster' ? '' : info.namespace, name: info.name };
}

function encodingOf(deps: ResourceDeps, exchange: Exchange): EncodingOptions {
  const { headers } = exchange.request;
  const representation = negotiate(headers.accept, 'object');
  const { query } = exchange.info;
  return {
    representation,
    include: representation.form === 'Table' ? readIncludeObject(query) : 'Metadata',
    pretty: wantsPretty(query, headers['user-agent']),
    clock: deps.clock,
  };
}

function get(deps: ResourceDeps, exchange: Exchange, kind: Kind): Promise<void> | void {
  const subresource = admit(deps, exchange, kind);
  const encoding = encodingOf(deps, exchange);
  const resourceVersion = exchange.info.query?.get('resourceVersion') ?? '';
  const target = targetOf(exchange, kind);
  if (resourceVersion !== '' || subresource === 'scale') {
    return getWhenFresh(deps, exchange, { ...target, subresource }, { resourceVersion, encoding });
  }
  // What is in memory is answered in the same turn.
  const object = deps.registry.peek(kind, target.namespace, target.name);
  if (object === undefined) throw notFound(kind, target.name);
  sendObject(exchange, 200, object, { kind, encoding });
}

async function getWhenFresh(
  deps: ResourceDeps,
  exchange: Exchange,
  target: Target & { readonly subresource: Subresource },
  options: { readonly resourceVersion: string; readonly encoding: EncodingOptions },
): Promise<void> {
  const object = await deps.registry.get(exchange, target, options);
  sendObject(exchange, 200, object, { kind: shownAs(target), encoding: options.encoding });
}

/** What is read and written through `/scale` is a Scale, in every form. */
const shownAs = ({ kind, subresource }: { readonly kind: Kind; readonly subresource: Subresource }): Kind =>
  subresource === 'scale' ? Scale : kind;

function sendObject(
  exchange: Exchange,
  code: number,
  object: StoredObject,
  { kind, encoding }: { readonly kind: Kind; readonly encoding: EncodingOptions },
): void {
  sendBytes(exchange, code, {
    type: encoding.representation.mediaType,
    body: encodeObject(kind, object, encoding),
  });
}

async function list(deps: ResourceDeps, exchange: Exchange, kind: Kind): Promise<void> {
  const visibility = requireListAccess(deps.authorizer, exchange, kind);
  requireRoute(exchange.info, kind);
  const encoding = encodingOf(deps, exchange);
  const options = readListOptions(exchange.info.query, kind, visibility);
  const { namespace } = targetOf(exchange, kind);
  const result = await deps.registry.list(exchange, { kind, namespace }, options);
  const parts = encodeList(kind, metadataOf(result), result.items.length === 0, encoding);
  await sendList(exchange, result, parts, encoding.representation.mediaType);
}

const metadataOf = (result: ListResult): ListMetadata => ({
  resourceVersion: String(result.revision),
  continue: result.continue,
  remainingItemCount: result.remaining,
});

async function watch(deps: ResourceDeps, exchange: Exchange, kind: Kind): Promise<void> {
  // A proxy takes the answer to HEAD as complete, and would give its connection, on which events come, to others.
  if (exchange.request.method !== 'GET') throw methodNotAllowed(kind, 'HEAD with watch');
  await deps.watches.serve(exchange, kind, createHttpTransport(exchange));
}

async function create(deps: ResourceDeps, exchange: Exchange, kind: Kind): Promise<void> {
  admit(deps, exchange, kind);
  const encoding = encodingOf(deps, exchange);
  const { headers } = exchange.request;
  requireObjectType(headers['content-type'], kind.origin);
  const options = readWriteOptions(exchange.info.query, 'CreateOptions', headers['user-agent']);
  const bytes = await readBody(exchange.request, deps.maxBodyBytes);
  requireOpen(exchange);
  const body = parseBody(headers['content-type'], bytes, kind.origin);
  const written = await deps.registry.create(exchange, targetOf(exchange, kind), body, options);
  sendWritten(exchange, kind, written, encoding);
}

async function update(deps: ResourceDeps, exchange: Exchange, kind: Kind): Promise<void> {
  const subresource = admit(deps, exchange, kind);
  const encoding = encodingOf(deps, exchange);
  const { headers } = exchange.request;
  requireObjectType(headers['content-type'], kind.origin);
  const options = readWriteOptions(exchange.info.query, 'UpdateOptions', headers['user-agent']);
  const bytes = await readBody(exchange.request, deps.maxBodyBytes);
  requireOpen(exchange);
  const body = parseBody(headers['content-type'], bytes, kind.origin);
  const target = { ...targetOf(exchange, kind), subresource };
  sendWritten(
    exchange,
    shownAs(target),
    await deps.registry.update(exchange, target, body, options),
    encoding,
  );
}

async function patch(deps: ResourceDeps, exchange: Exchange, kind: Kind): Promise<void> {
  const subresource = admit(deps, exchange, kind);
  const { headers } = exchange.request;
  const { query } = exchange.info;
  const type = patchTypeOf(headers['content-type'], kind.origin);
  const encoding = encodingOf(deps, exchange);
  const force = readForce(query, type);
  const options = readWriteOptions(query, 'PatchOptions', headers['user-agent']);
  const bytes = await readBody(exchange.request, deps.maxBodyBytes);
  requireOpen(exchange);
  const patchBody = patchOf(type, bytes, force, () => {
    const creation = resourceAttributes(exchange.info, 'create');
    requireAccess(deps.authorizer, exchange, creation);
    return deps.gate === undefined ? undefined : requirePassage(deps.gate, exchange, creation);
  });
  const target = { ...targetOf(exchange, kind), subresource };
  sendWritten(
    exchange,
    shownAs(target),
    await deps.registry.patch(exchange, target, patchBody, options),
    encoding,
  );
}

function patchOf(
  type: PatchType,
  bytes: Buffer,
  force: boolean,
  beforeCreate: () => Promise<void> | void,
): Patch {
  switch (type) {
    case 'apply':
      return { type, body: parseYamlBody(bytes), force, beforeCreate };
    case 'merge':
    case 'json':
    case 'strategic':
      return { type, body: parseJsonBody(bytes) };
  }
}

function sendWritten(exchange: Exchange, kind: Kind, written: Written, encoding: EncodingOptions): void {
  sendObject(exchange, written.created ? 201 : 200, written.object, { kind, encoding });
}

/** Throws `ApiError` when the body came when the request was over already: nothing is written then. */
function requireOpen(exchange: Exchange): void {
  if (exchange.answered || exchange.signalAborted) throw timedOut();
}

/** Options in the body hide those in the query; an empty body is no body. */
async function deleteBody(deps: ResourceDeps, exchange: Exchange, kind: Kind): Promise<unknown> {
  const { headers } = exchange.request;
  const bytes = await readBody(exchange.request, deps.maxBodyBytes);
  requireOpen(exchange);
  if (bytes.length === 0) return undefined;
  return parseBody(headers['content-type'], bytes, kind.origin).value;
}

async function remove(deps: ResourceDeps, exchange: Exchange, kind: Kind): Promise<void> {
  admit(deps, exchange, kind);
  const encoding = encodingOf(deps, exchange);
  const options = readDeleteOptions(exchange.info.query, await deleteBody(deps, exchange, kind));
  const target = targetOf(exchange, kind);
  const deleted = await deps.registry.delete(exchange, target, options);
  if (deleted.object !== undefined) {
    sendObject(exchange, 200, deleted.object, { kind, encoding });
    return;
  }
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: target.name,
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.plural,
      uid: deleted.uid,
    },
  };
  sendStatus(exchange, 200, status, { mediaType: encoding.representation.mediaType });
}

async function removeCollection(deps: ResourceDeps, exchange: Exchange, kind: Kind): Promise<void> {
  const visibility = requireListAccess(deps.authorizer, exchange, kind);
  requireRoute(exchange.info, kind);
  const encoding = encodingOf(deps, exchange);
  const { query } = exchange.info;
  const options = readDeleteOptions(query, await deleteBody(deps, exchange, kind));
  const listOptions = readListOptions(query, kind, visibility);
  const { namespace } = targetOf(exchange, kind);
  const result = await deps.registry.deleteCollection(
    exchange,
    { kind, namespace },
    { ...options, list: listOptions },
  );
  const parts = encodeList(kind, metadataOf(result), result.items.length === 0, encoding);
  await sendList(exchange, result, parts, encoding.representation.mediaType);
}
