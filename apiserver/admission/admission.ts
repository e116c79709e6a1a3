/** The admission chain of the API server: our own mutations and rules, then other people's webhooks. */
import type { Admission, AdmissionRequest } from '../api/admission.ts';
import type { JsonObject } from '../api/json.ts';
import { Credential } from '../kinds/credential.ts';
import { mutated } from '../policy/mutations/index.ts';
import { refusal, violationsOf } from '../policy/review.ts';
import type { RuleContext } from '../policy/rules/rule.ts';
import { sealCredential, type SealingDeps } from './credential.ts';
import type { Webhooks } from './webhooks/dispatch.ts';

export interface AdmissionDeps extends RuleContext, SealingDeps {
  /** Asked last, so that nothing leaves the process that our own rules refuse or that has to be sealed first. */
  readonly webhooks?: Webhooks;
}

export function createAdmission(deps: AdmissionDeps): Admission {
  const { webhooks } = deps;
  const own = (request: AdmissionRequest, object: JsonObject): Promise<JsonObject> | JsonObject =>
    request.kind === Credential ? sealCredential(deps, request, object) : mutated(object, request, deps);
  return {
    mutate: (request) => {
      const { object } = request;
      if (object === undefined) throw new Error('there is nothing to mutate in a DELETE');
      const first = own(request, object);
      if (webhooks?.concerns('Mutating', request) !== true) return first;
      const again = (changed: JsonObject): Promise<JsonObject> | JsonObject =>
        own({ ...request, object: changed }, changed);
      return Promise.resolve(first).then((settled) => webhooks.mutate(request, settled, again));
    },
    validate: (request) => {
      const violations = violationsOf(request, deps);
      if (violations.length > 0) throw refusal(request, violations);
      if (webhooks !== undefined && isAsked(webhooks, request)) return webhooks.validate(request);
      return undefined;
    },
  };
}

/** Nobody changes what is deleted, but those who change things are asked about it too. */
const isAsked = (webhooks: Webhooks, request: AdmissionRequest): boolean =>
  webhooks.concerns('Validating', request) ||
  (request.operation === 'DELETE' && webhooks.concerns('Mutating', request));
