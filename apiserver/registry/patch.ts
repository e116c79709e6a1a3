/**
 * Merge patch, strategic merge patch and JSON patch on the object or a subresource; server-side apply has its own file.
 * source: kubernetes/apiserver pkg/endpoints/handlers/patch.go.
 */
import { ApiError, badRequest, invalid } from '../api/errors.ts';
import { isObject, type Json, type JsonObject } from '../api/json.ts';
import { inNamespace, metadataOf, metaText, ofKind, requireExact, requireName } from './body.ts';
import { objectSchema } from '../api/object-schema.ts';
import { strategicMerge } from '../api/strategic-merge.ts';
import type { WriteDeps } from './commit.ts';
import { reportSurprises } from './field-validation.ts';
import { applyPatch, parsePatch, PatchError } from './json-patch.ts';
import { patchedMetadataCauses } from './metadata-types.ts';
import type { Body, Context, Patch, WriteOptions, Written } from './registry.ts';
import { Scale } from './scale-kind.ts';
import { fromScale, readScale, toScale } from './scale.ts';
import { pruned } from './shape.ts';
import { mergePatch } from './tree.ts';
import { change, requireUid, requireVersion, type UpdateTarget } from './update.ts';

export interface PatchRequest {
  readonly context: Context;
  readonly target: UpdateTarget;
}
export type DocumentPatch = Exclude<Patch, { readonly type: 'apply' }>;

/** Throws `ApiError`, at once or later. */
export function patch(
  deps: WriteDeps,
  request: PatchRequest,
  sent: DocumentPatch,
  options: WriteOptions,
): Promise<Written> {
  const { target } = request;
  requireExact(target.kind, target.name, sent.body);
  const patchDocument = patcher(target, sent);
  return change(deps, request, options, (old) => {
    const object = old.read();
    if (target.subresource === 'scale') {
      const value = patchDocument(toScale(target.kind, object));
      const write = { context: request.context, mode: options.fieldValidation, isPatch: true };
      const scale = readScale(target, { ...sent.body, value }, write);
      requireUid(target, scale, object);
      return { object: fromScale(target, object, scale) };
    }
    return { object: readPatched(request, options, sent.body, patchDocument(object)) };
  });
}

/** Throws 400 and 413 for a patch that is none; the function it returns throws 422 when the patch does not fit. */
function patcher(target: UpdateTarget, { type, body }: DocumentPatch): (document: JsonObject) => Json {
  if (type !== 'json') {
    const { value } = body;
    if (!isObject(value)) throw badRequest('error decoding patch: a merge patch must be an object');
    if (type === 'merge') return (document) => mergePatch(document, value);
    const schema = objectSchema(target.subresource === 'scale' ? Scale : target.kind);
    return (document) => strategicMerge(schema, document, value);
  }
  const operations = parsePatch(body.value);
  return (document) => {
    try {
      return applyPatch(document, operations);
    } catch (error) {
      if (error instanceof PatchError) throw unfit(target, error);
      throw error;
    }
  };
}

/** With a cause: kubectl prints the causes of an Invalid answer and not its message. */
const unfit = ({ kind, name }: UpdateTarget, error: PatchError): ApiError => {
  const message = `the JSON patch does not apply to ${kind.plural} "${name}": ${error.message}`;
  return new ApiError('Invalid', message, {
    details: {
      name,
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.kind,
      causes: [{ reason: 'FieldValueInvalid', field: 'patch', message }],
    },
  });
};

function readPatched(
  { context, target }: PatchRequest,
  options: WriteOptions,
  body: Body,
  patched: Json,
): JsonObject {
  const { kind } = target;
  const whole = inNamespace(ofKind(target.kind, patched), target.namespace);
  const causes = patchedMetadataCauses(metadataOf(whole));
  if (causes.length > 0) throw invalid(kind, target.name, causes);
  requireName(whole, target);
  requireVersion(target, whole);
  const { object, unknown } = pruned(kind, whole);
  const check = { kind, name: metaText(object, 'name'), mode: options.fieldValidation, isPatch: true };
  reportSurprises(context, check, { unknown, duplicates: body.duplicates });
  return object;
}
