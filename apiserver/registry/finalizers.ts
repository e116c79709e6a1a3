/** What keeps an object that is being deleted. */
import type { JsonObject } from '../api/json.ts';
import { at } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { metadataOf } from './body.ts';
import { own } from './tree.ts';

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];

export const finalizersOf = (object: JsonObject): readonly string[] =>
  texts(own(metadataOf(object), 'finalizers'));

export const isTerminating = (object: JsonObject): boolean =>
  typeof own(metadataOf(object), 'deletionTimestamp') === 'string';

export const isNamespace = (kind: Kind): boolean => kind.group === '' && kind.kind === 'Namespace';

/** Namespaces wait for their content as well: `spec.finalizers` holds `kubernetes` until they are empty. */
export const isHeld = (kind: Kind, object: JsonObject): boolean =>
  finalizersOf(object).length > 0 || (isNamespace(kind) && texts(at(object, 'spec.finalizers')).length > 0);
