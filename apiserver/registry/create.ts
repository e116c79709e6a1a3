/** Create: a new object under a given or generated name, and the virtual kinds that are answered at once. */
import { alreadyExists, ApiError, badRequest } from '../api/errors.ts';
import type { JsonObject } from '../api/json.ts';
import { inNamespace, metaText, readObject } from './body.ts';
import { commit, CONFLICT, type WriteDeps } from './commit.ts';
import { reportSurprises } from './field-validation.ts';
import { isTerminating } from './finalizers.ts';
import { pathOf } from './keys.ts';
import { generateName, NAME_ATTEMPTS } from './names.ts';
import { requireNamespace } from './namespace-lifecycle.ts';
import { managedByUpdate } from './ownership.ts';
import { dedupeOwners } from './owner-references.ts';
import type { Body, Context, Target, WriteOptions, Written } from './registry.ts';
import { asCreated } from './server-fields.ts';
import { pruned, settled } from './shape.ts';
import { without } from './tree.ts';

/** Throws `ApiError`, at once or later. */
export function create(
  deps: WriteDeps,
  request: { readonly context: Context; readonly target: Target },
  body: Body,
  options: WriteOptions,
): Promise<Written> {
  const { context, target } = request;
  const { kind } = target;
  const read = inNamespace(readObject(kind, body), target.namespace);
  if (metaText(read, 'resourceVersion') !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  const { object, unknown } = pruned(kind, read);
  const name = metaText(object, 'name');
  const check = { kind, name, mode: options.fieldValidation, isPatch: false };
  reportSurprises(context, check, { unknown, duplicates: body.duplicates });
  return createObject(deps, context, { target, object, options });
}

export interface Creation {
  readonly target: Target;
  /** Pruned; may carry managedFields of an apply. */
  readonly object: JsonObject;
  readonly options: WriteOptions;
  /** The object comes from an apply: its managedFields are final. */
  readonly isOwned?: true;
}

/** Creates what passed decoding. Throws 409 AlreadyExists when the name is taken. */
export async function createObject(deps: WriteDeps, context: Context, creation: Creation): Promise<Written> {
  const { target, object } = creation;
  const { kind } = target;
  const place = { namespace: target.namespace, name: metaText(object, 'name') };
  const inPlace = requireNamespace(deps, kind, place);
  if (inPlace !== undefined) await inPlace;
  const given = metaText(object, 'name');
  const base = given === '' ? metaText(object, 'generateName') : '';
  const attempts = base === '' ? 1 : NAME_ATTEMPTS;
  for (let attempt = 1; ; attempt += 1) {
    const name = base === '' ? given : generateName(base);
    const written = await attemptCreate(deps, context, creation, name);
    if (written !== CONFLICT) return written;
    if (attempt < attempts) continue;
    throw base === '' ? taken(deps, target, name) : unlucky(target, name);
  }
}

/** `CONFLICT` at once where the name is known to be taken. */
function attemptCreate(
  deps: WriteDeps,
  context: Context,
  creation: Creation,
  name: string,
): Promise<Written | typeof CONFLICT> | typeof CONFLICT {
  const { target, options } = creation;
  const { kind } = target;
  const table = deps.cache.table(kind);
  // Known to be taken: say so before admission does anything; the store decides about races.
  if (table.objects.has(pathOf(target.namespace, name))) return CONFLICT;
  const nowMs = deps.clock.now();
  const bare = kind.hasStatus ? without(creation.object, 'status') : creation.object;
  const object = dedupeOwners(settled(kind, asCreated(kind, bare, name, nowMs)), context.warn);
  const owned =
    creation.isOwned === true ? object : managedByUpdate({ kind, object, subresource: '', options, nowMs });
  return commit(deps, context, { kind, subresource: '', old: undefined, object: owned }, options);
}

function taken(deps: WriteDeps, target: Target, name: string): Error {
  const existing = deps.cache.table(target.kind).objects.get(pathOf(target.namespace, name));
  const terminating = existing !== undefined && isTerminating(existing.read());
  return alreadyExists(target.kind, name, terminating);
}

/** Every generated name was taken; the next try may have more luck. */
function unlucky({ kind }: Target, name: string): ApiError {
  const { message, details } = alreadyExists(kind, name);
  return new ApiError('AlreadyExists', `${message}, the server was not able to generate a unique name`, {
    details: { ...details, retryAfterSeconds: 1 },
  });
}
