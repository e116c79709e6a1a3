/** What an admission rule is. One file per rule; `index.ts` lists them in the order they are asked. */
import type { AdmissionRequest } from '../../api/admission.ts';
import type { CauseReason } from '../../api/errors.ts';
import type { UserInfo } from '../../api/identity.ts';
import type { JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { KINDS } from '../../kinds/index.ts';
import type { Engine } from '../engine.ts';
import { isComponent } from '../subjects.ts';

/** Stable names of what a rule objects to; tools may depend on them. */
export type Code =
  | 'CRED_NOT_GRANTED'
  | 'CROSS_TENANT_REF'
  | 'DELETION_BLOCKED'
  | 'ESCALATION'
  | 'HOST_NOT_OWNED'
  | 'IDENTITY_SPOOF'
  | 'NAME_TAKEN'
  | 'NOT_GRANTED'
  | 'PLACEMENT'
  | 'POLICY_INVALID'
  | 'POOL_NOT_GRANTED'
  | 'PSS'
  | 'READ_ONLY'
  | 'REFERENCE_NOT_FOUND'
  | 'RESERVED_METADATA'
  | 'SA_NOT_GRANTED'
  | 'SEALING'
  | 'STATUS_READ_ONLY'
  | 'TENANT_IMMUTABLE'
  | 'TENANT_SUSPENDED'
  | 'TOO_LARGE'
  | 'WRONG_NAMESPACE';

/**
 * One objection. `forbidden` answers 403, `invalid` 422 with the field, `conflict` 409; one 403 among several makes the
 * answer 403, one 422 among conflicts 422.
 * The message never holds secret values or names of what the caller may not see.
 */
export interface Violation {
  readonly code: Code;
  readonly is: 'forbidden' | 'invalid' | 'conflict';
  readonly field?: string;
  readonly reason?: CauseReason;
  readonly message: string;
}

export interface Stored {
  readonly namespace: string;
  readonly name: string;
  read(): JsonObject;
}

/** The registry's cache: no access decision, no I/O. */
export interface Lookup {
  find(kind: Kind, namespace: string, name: string): JsonObject | undefined;
  /** Of one namespace, or of all when it is not given. */
  findAll(kind: Kind, namespace?: string): readonly Stored[];
}

export interface RuleContext {
  readonly engine: Engine;
  readonly lookup: Lookup;
  /**
   * Set where the API server of a real cluster asks, which has decided by RBAC that the request may come in but has
   * not asked the engine. Absent where our own API server asks.
   */
  readonly host?: HostCluster;
}

export interface HostCluster {
  /** Its own programs: controllers, kubelets, the scheduler. */
  readonly isProgram: (user: UserInfo) => boolean;
}

/** Our own components, and on a host the cluster's programs: they carry out what was decided about others. */
export const isTrusted = (user: UserInfo, { host }: RuleContext): boolean =>
  isComponent(user) || host?.isProgram(user) === true;

/** Pure but for the look-ups: says what is wrong, changes nothing. */
export interface Rule {
  readonly name: string;
  readonly check: (request: AdmissionRequest, context: RuleContext) => readonly Violation[];
}

export const NONE: readonly Violation[] = [];

const BY_NAME = new Map(KINDS.map((kind) => [kind.kind, kind]));

/** One of our kinds by the name references use; undefined for native kinds. */
export const ownKind = (name: string): Kind | undefined => BY_NAME.get(name);
