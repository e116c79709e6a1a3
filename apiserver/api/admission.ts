/** The question put to admission and its answer; our own kinds in process, native kinds through webhooks. */
import type { UserInfo } from './identity.ts';
import type { JsonObject } from './json.ts';
import type { Kind } from './kind.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

export interface AdmissionRequest {
  readonly operation: Operation;
  readonly kind: Kind;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** What the client said of the operation, as fields of its meta/v1 options without kind and version. Absent: nothing. */
  readonly options?: JsonObject | undefined;
  /** Absent on DELETE. */
  readonly object: JsonObject | undefined;
  /** Absent on CREATE. */
  readonly oldObject: JsonObject | undefined;
  /** Ends when nobody waits for the answer any more. Absent: never. */
  readonly within?: { readonly signal: AbortSignal };
  /** Adds a Warning header to the answer. */
  readonly warn: (text: string) => void;
  /** Adds one line to the audit record; never a secret value. */
  readonly annotate: (key: string, value: string) => void;
}

/**
 * The admission chain of one API server.
 *
 * `mutate` returns the object to go on with (the same one when nothing changed) and runs before validation.
 * `validate` must not change anything; it throws `ApiError` Forbidden (403) or Invalid (422) to deny.
 * Anything else thrown is answered as 500 and nothing is stored: admission fails closed.
 * What needs to ask nobody answers, and throws, at once.
 */
export interface Admission {
  mutate(request: AdmissionRequest): Promise<JsonObject> | JsonObject;
  validate(request: AdmissionRequest): Promise<void> | void;
}
