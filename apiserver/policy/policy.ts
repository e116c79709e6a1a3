/**
 * The one choke point: every access decision of every request, list item, watch event and admission claim.
 * Behind this interface stands an engine (`engine: 'casbin'`); nothing else in the code decides access.
 */
import type { Attributes, Decision, UserInfo } from '../api/identity.ts';
import type { JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import type { PolicyChange } from './affected.ts';

/** What the engine reads of a stored object to decide whether a caller may see it. */
export interface VisibleObject {
  readonly namespace: string;
  readonly name: string;
  read(): JsonObject;
}
export interface Visibility {
  readonly all: boolean;
  /**
   * True while the caller sees everything in the place that was asked for; when that ends, `onChange` tells before
   * anything later is decided. Undefined: not known.
   */
  readonly allForNow?: boolean;
  allows(object: VisibleObject): boolean;
  onChange(listener: () => void): () => void;
  /** Whether a change of an object policy is made of can have changed what this shows. */
  affectedBy(change: PolicyChange): boolean;
}

/** source: authorization.k8s.io/v1 SubjectRulesReviewStatus. */
export interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

export interface Authorizer {
  /** Decides one question over the caller's whole subject set: default deny, deny overrides allow. */
  authorize(user: UserInfo, attributes: Attributes): Decision;
  /**
   * Decides a list or watch. Over all namespaces a caller without a cluster-wide grant is allowed when any tenant
   * grants the verb, and then sees just that (`visibility`). `decision.allowed` false: answer 403.
   */
  authorizeList(
    user: UserInfo,
    attributes: Attributes & { readonly is: 'resource' },
    kind: Kind,
  ): { readonly decision: Decision; readonly visibility: Visibility };
  /** What a request with these attributes would be answered, lists over all namespaces included: for access reviews. */
  review(user: UserInfo, attributes: Attributes): Decision;
  /** For SelfSubjectRulesReview. */
  rules(user: UserInfo, namespace: string): readonly ResourceRule[];
}

/**
 * An authority beside our own engine, asked first: the host cluster's authorisation. Both must allow. Throws
 * `ApiError` InternalError when it cannot be asked. Answers at once when it knows.
 */
export interface AccessGate {
  authorize(user: UserInfo, attributes: Attributes): Decision | Promise<Decision>;
}

/** Changes of the objects policy is made of; the composition root feeds every stored change in commit order. */
export interface PolicyFeed {
  /** `object` undefined: deleted. Takes effect before it returns. */
  apply(kind: Kind, namespace: string, name: string, object: JsonObject | undefined): void;
}
