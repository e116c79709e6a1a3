/** One question as it travels through the engine. */
import type { Attributes } from '../api/identity.ts';
import type { JsonObject } from '../api/json.ts';
import type { Scope } from './model.ts';
import type { Caller } from './subjects.ts';

/** One question, and the object when it is at hand. */
export interface Asking {
  readonly caller: Caller;
  readonly attributes: Attributes;
  readonly scope: Scope;
  readonly subject: Subject | undefined;
}

/** The object a question is about when it is at hand, as in admission and reviews. */
export interface Subject {
  readonly object: JsonObject | 'none';
  /** The state before a write; absent when nothing is written, `undefined` object on create. */
  readonly replaces?: { readonly object: JsonObject | undefined };
  readonly assumed?: Readonly<Record<string, string>>;
}
