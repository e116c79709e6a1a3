/** Puts one write to every rule there is and words the refusal: one answer with every objection. */
import type { AdmissionRequest } from '../api/admission.ts';
import { conflict, forbidden, invalid, type ApiError, type Cause } from '../api/errors.ts';
import { advice } from './rules/advice.ts';
import { RULES } from './rules/index.ts';
import { NATIVE_RULES } from './rules/native/index.ts';
import type { Rule, RuleContext, Violation } from './rules/rule.ts';

const FOR_NATIVES: readonly Rule[] = [...RULES, ...NATIVE_RULES];
/** A host asks for advice by a webhook of its own, which may fail without consequences. */
const FOR_HOSTS: readonly Rule[] = FOR_NATIVES.filter((rule) => rule !== advice);

/** Every objection, in the order of the rules. */
export function violationsOf(request: AdmissionRequest, context: RuleContext): readonly Violation[] {
  let found: readonly Violation[] = [];
  for (const rule of rulesFor(request, context)) {
    const violations = rule.check(request, context);
    if (violations.length > 0) found = [...found, ...violations];
  }
  return found;
}

function rulesFor({ kind }: AdmissionRequest, { host }: RuleContext): readonly Rule[] {
  if (host !== undefined) return FOR_HOSTS;
  return kind.origin === 'native' ? FOR_NATIVES : RULES;
}

/** Tells through warnings and audit annotations what policies on trial would have refused. */
export const adviseOn = (request: AdmissionRequest, context: RuleContext): void =>
  void advice.check(request, context);

/** One answer with every objection; its first sentence is the first one. */
export function refusal(request: AdmissionRequest, violations: readonly Violation[]): ApiError {
  const { kind, name } = request;
  request.annotate('admission.codes', [...new Set(violations.map(({ code }) => code))].join(','));
  const denials = violations.filter(({ is }) => is === 'forbidden');
  if (denials.length === 0) {
    if (violations.some(({ is }) => is === 'invalid')) return invalid(kind, name, violations.map(toCause));
    return conflict(kind, name, sentence(violations), violations.map(toCause));
  }
  const causes = violations.map((violation) => ({ ...toCause(violation), reason: violation.code }));
  return forbidden(kind, name, sentence(denials), causes);
}

const sentence = (violations: readonly Violation[]): string =>
  violations.map(({ field, message }) => (field === undefined ? message : `${field}: ${message}`)).join('; ');

const toCause = ({ reason, field, message }: Violation): Cause => ({
  reason: reason ?? 'FieldValueInvalid',
  message,
  ...(field === undefined ? {} : { field }),
});
