/** The admission chain of the API server: seals what must not be stored, then asks every rule and answers at once. */
import type { Admission, AdmissionRequest } from '../api/admission.ts';
import { conflict, forbidden, invalid, type ApiError, type Cause } from '../api/errors.ts';
import { Credential } from '../kinds/credential.ts';
import { RULES } from '../policy/rules/index.ts';
import type { RuleContext, Violation } from '../policy/rules/rule.ts';
import { sealCredential, type SealingDeps } from './credential.ts';

export interface AdmissionDeps extends RuleContext, SealingDeps {}

export function createAdmission(deps: AdmissionDeps): Admission {
  return {
    mutate: async (request) => {
      const { object } = request;
      if (object === undefined) throw new Error('there is nothing to mutate in a DELETE');
      return request.kind === Credential ? await sealCredential(deps, request, object) : object;
    },
    validate: async (request) => {
      const violations = RULES.flatMap((rule) => rule.check(request, deps));
      if (violations.length > 0) throw refusal(request, violations);
      await Promise.resolve();
    },
  };
}

/** One answer with every objection; its first sentence is the first one. */
function refusal(request: AdmissionRequest, violations: readonly Violation[]): ApiError {
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
