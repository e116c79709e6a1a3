/** Puts writes to the admission chain over a test world of access, the way the registry does. */
import { createAdmission } from '../../apiserver/admission/admission.ts';
import type { Operation } from '../../apiserver/api/admission.ts';
import { ApiError } from '../../apiserver/api/errors.ts';
import type { UserInfo } from '../../apiserver/api/identity.ts';
import type { JsonObject } from '../../apiserver/api/json.ts';
import type { Kind } from '../../apiserver/api/kind.ts';
import type { Lookup } from '../../apiserver/policy/rules/rule.ts';
import { lookupIn } from './lookup.ts';
import { createWorld, type World } from './policy.ts';

export interface Attempt {
  readonly user: UserInfo;
  readonly kind: Kind;
  readonly operation?: Operation;
  readonly subresource?: string;
  readonly object?: JsonObject;
  readonly old?: JsonObject;
}

export interface AdmissionWorld extends World {
  readonly lookup: Lookup;
  readonly warnings: string[];
  readonly audit: Map<string, string>;
  /** The object as it would be stored. Throws the refusal. */
  readonly admit: (attempt: Attempt) => Promise<JsonObject>;
  /** The refusal; fails when there is none. */
  readonly refusal: (attempt: Attempt) => Promise<ApiError>;
}

export function createAdmissionWorld(): AdmissionWorld {
  const world = createWorld();
  const warnings: string[] = [];
  const audit = new Map<string, string>();
  const lookup = lookupIn(world.stored);
  const admission = createAdmission({
    engine: world.engine,
    lookup,
    now: () => world.clock.now(),
    fingerprintKey: new Uint8Array(32).fill(7),
  });
  const admit: AdmissionWorld['admit'] = async (attempt) => {
    const { operation = attempt.old === undefined ? 'CREATE' : 'UPDATE', object, old } = attempt;
    const metadata = (object ?? old ?? {})['metadata'] as { namespace?: string; name?: string };
    const request = {
      operation,
      kind: attempt.kind,
      subresource: attempt.subresource ?? '',
      namespace: metadata.namespace ?? '',
      name: metadata.name ?? '',
      user: attempt.user,
      dryRun: false,
      object,
      oldObject: old,
      warn: (text: string) => void warnings.push(text),
      annotate: (key: string, value: string) => void audit.set(key, value),
    };
    const mutated = object === undefined ? undefined : await admission.mutate(request);
    await admission.validate({ ...request, object: mutated });
    return mutated ?? {};
  };
  const refusal: AdmissionWorld['refusal'] = async (attempt) => {
    try {
      await admit(attempt);
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
    throw new Error('nothing was refused');
  };
  return { ...world, lookup, warnings, audit, admit, refusal };
}
