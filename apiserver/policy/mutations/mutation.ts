/** What an admission mutation is. One file per mutation; `index.ts` lists them in the order they are applied. */
import type { AdmissionRequest } from '../../api/admission.ts';
import type { JsonObject } from '../../api/json.ts';
import type { RuleContext } from '../rules/rule.ts';

export interface Mutation {
  readonly name: string;
  /**
   * The object to go on with; the same one when nothing is to be done. Applied again to its own result it changes
   * nothing. Never refuses: what is wrong with the object is for the rules to say.
   */
  readonly apply: (object: JsonObject, request: AdmissionRequest, context: RuleContext) => JsonObject;
}
