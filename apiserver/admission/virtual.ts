/** The kinds of ours that are answered and never stored, for the registry to call by kind name. */
import type { Admission, AdmissionRequest } from '../api/admission.ts';
import type { UserInfo } from '../api/identity.ts';
import type { JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { AccessReview } from '../kinds/access-review.ts';
import { RegistrationToken } from '../kinds/registration-token.ts';
import type { Engine } from '../policy/engine.ts';
import { reviewAccess } from './access-review.ts';
import { mintRegistrationToken, type RegistrationDeps } from './registration-token.ts';

interface Caller {
  readonly user: UserInfo;
  readonly warn: (text: string) => void;
  readonly annotate: (key: string, value: string) => void;
}
interface Target {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}
/** `sent`: what the client said, for admission. */
interface CallOptions {
  readonly dryRun: boolean;
  readonly sent?: JsonObject | undefined;
}
/** Returns the object with its status. Throws `ApiError`. */
export type Handler = (
  caller: Caller,
  target: Target,
  object: JsonObject,
  options: CallOptions,
) => Promise<JsonObject>;

export interface VirtualDeps extends RegistrationDeps {
  readonly engine: Engine;
  readonly admission: Admission;
}

/** One handler for each of our virtual kinds, by kind name. Admission decides before anything is answered. */
export function createVirtualHandlers(deps: VirtualDeps): Readonly<Record<string, Handler>> {
  return {
    [AccessReview.kind]: async (caller, target, object, { sent }) => {
      await deps.admission.validate(requestOf(caller, target, object, { dryRun: false, sent }));
      return reviewAccess(deps.engine, caller.user, target, object);
    },
    [RegistrationToken.kind]: async (caller, target, object, options) => {
      await deps.admission.validate(requestOf(caller, target, object, options));
      return await mintRegistrationToken(deps, object, options);
    },
  };
}

function requestOf(
  caller: Caller,
  target: Target,
  object: JsonObject,
  options: CallOptions,
): AdmissionRequest {
  const { kind, namespace, name } = target;
  const { user, warn, annotate } = caller;
  const state = { object, oldObject: undefined, dryRun: options.dryRun, options: options.sent };
  return { operation: 'CREATE', subresource: '', kind, namespace, name, user, warn, annotate, ...state };
}
