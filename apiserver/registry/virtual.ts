/** Kinds that are answered at once and never stored, such as access reviews. */
import type { JsonObject } from '../api/json.ts';
import { inNamespace, metaText, readObject } from './body.ts';
import { reportSurprises } from './field-validation.ts';
import type { Body, Context, Target, WriteOptions, Written } from './registry.ts';
import { pruned, settled } from './shape.ts';
import { shapeOf, unstored } from './stored.ts';
import { requireValid } from './validation.ts';

/** Returns the object with its status filled in; a dry run must have no side effect. Throws `ApiError`. */
export type VirtualHandler = (
  context: Context,
  target: Target,
  object: JsonObject,
  options: Pick<WriteOptions, 'dryRun' | 'sent'>,
) => Promise<JsonObject>;

export async function answer(
  handler: VirtualHandler,
  request: { readonly context: Context; readonly target: Target },
  body: Body,
  options: WriteOptions,
): Promise<Written> {
  const { context, target } = request;
  const { kind } = target;
  const { object: sent, unknown } = pruned(kind, inNamespace(readObject(kind, body), target.namespace));
  // The answer goes there; typed clients send it empty.
  const { status: _answer, ...object } = sent;
  const check = { kind, name: metaText(object, 'name'), mode: options.fieldValidation, isPatch: false };
  reportSurprises(context, check, { unknown, duplicates: body.duplicates });
  const question = settled(kind, object);
  requireValid({ kind, object: question, old: undefined, subresource: '' });
  const answered = await handler(context, target, question, options);
  return { object: unstored(shapeOf(kind), answered, 0), created: true };
}
