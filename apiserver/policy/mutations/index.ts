/** Every mutation of Kubernetes' own kinds in the order they are applied. One line per mutation. */
import type { AdmissionRequest } from '../../api/admission.ts';
import type { JsonObject } from '../../api/json.ts';
import type { RuleContext } from '../rules/rule.ts';
import { defaultPool } from './default-pool.ts';
import { injection } from './injection.ts';
import type { Mutation } from './mutation.ts';
import { tenantLabel } from './tenant-label.ts';

export const MUTATIONS: readonly Mutation[] = [tenantLabel, defaultPool, injection];

/** The object with all of them applied; the same one when nothing was to be done. */
export function mutated(object: JsonObject, request: AdmissionRequest, context: RuleContext): JsonObject {
  if (request.kind.origin !== 'native') return object;
  return MUTATIONS.reduce((current, mutation) => mutation.apply(current, request, context), object);
}
