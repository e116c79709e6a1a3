/**
 * What happens to fields that are unknown or written twice: refused, warned about or ignored.
 * source: kubernetes.io "API concepts", field validation; client-side wording of kube-apiserver.
 */
import { badRequest, invalid, type ApiError } from '../api/errors.ts';
import type { Kind } from '../api/kind.ts';
import type { Context, FieldValidation } from './registry.ts';

export interface Surprises {
  readonly unknown: readonly string[];
  readonly duplicates: readonly string[];
}

export interface FieldCheck {
  readonly kind: Kind;
  readonly name: string;
  readonly mode: FieldValidation;
  /** Patches answer 422 on the field `patch`, whole objects 400. */
  readonly isPatch: boolean;
}

/** Throws under Strict, warns under Warn. */
export function reportSurprises(context: Context, check: FieldCheck, surprises: Surprises): void {
  if (check.mode === 'Ignore') return;
  const texts = [
    ...surprises.duplicates.map((field) => `duplicate field "${field}"`),
    ...inOrder(check.kind, surprises.unknown).map((field) => `unknown field "${field}"`),
  ];
  if (texts.length === 0) return;
  if (check.mode === 'Strict') throw refusal(check, `strict decoding error: ${texts.join(', ')}`);
  for (const text of texts) context.warn(text);
}

/** Kubernetes tells of its own kinds in the order of the document, and of custom resources in that of the alphabet. */
const inOrder = ({ origin }: Kind, unknown: readonly string[]): readonly string[] =>
  origin === 'native' ? unknown : unknown.toSorted();

function refusal({ kind, name, isPatch }: FieldCheck, problem: string): ApiError {
  if (!isPatch) {
    return badRequest(
      `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${problem}`,
    );
  }
  // Upstream repeats the patch here; a patch may hold secrets, so ours does not.
  return invalid(kind, name, [
    { reason: 'FieldValueInvalid', field: 'patch', message: `Invalid value: ${problem}` },
  ]);
}
