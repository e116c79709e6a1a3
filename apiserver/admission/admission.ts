/** The admission chain of the API server: seals what must not be stored, then asks every rule and answers at once. */
import type { Admission } from '../api/admission.ts';
import { Credential } from '../kinds/credential.ts';
import { mutated } from '../policy/mutations/index.ts';
import { refusal, violationsOf } from '../policy/review.ts';
import type { RuleContext } from '../policy/rules/rule.ts';
import { sealCredential, type SealingDeps } from './credential.ts';

export interface AdmissionDeps extends RuleContext, SealingDeps {}

export function createAdmission(deps: AdmissionDeps): Admission {
  return {
    mutate: (request) => {
      const { object } = request;
      if (object === undefined) throw new Error('there is nothing to mutate in a DELETE');
      if (request.kind === Credential) return sealCredential(deps, request, object);
      return mutated(object, request, deps);
    },
    validate: (request) => {
      const violations = violationsOf(request, deps);
      if (violations.length > 0) throw refusal(request, violations);
    },
  };
}
