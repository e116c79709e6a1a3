/** Writes steps for one kind in few words. */
import type { JsonObject } from '../../../apiserver/api/json.ts';
import { changeable, named, type Subject } from '../objects.ts';
import { NAMESPACE, type Step } from '../step.ts';

export const MERGE = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';
export const APPLY = 'application/apply-patch+yaml';

type Rest = Partial<Omit<Step, 'name' | 'kind' | 'method' | 'path'>>;

export interface Writer {
  readonly subject: Subject;
  readonly isNamespaced: boolean;
  /** A valid object with this name; `content` replaces its least spec. */
  object(name: string, metadata?: JsonObject, content?: JsonObject): JsonObject;
  /** With every field of spec that can be changed later. */
  full(name: string, metadata?: JsonObject): JsonObject;
  step(name: string, method: string, path: string, rest?: Rest): Step;
  /** POST of a body. */
  create(name: string, body: unknown, query?: string, rest?: Rest): Step;
  /** Creates a valid object and keeps the answer under its name. */
  make(name: string, metadata?: JsonObject, content?: JsonObject): Step;
  get(name: string, path: string, headers?: Record<string, string>): Step;
  put(name: string, path: string, body: unknown, rest?: Rest): Step;
  merge(name: string, path: string, body: unknown, rest?: Rest): Step;
  jsonPatch(name: string, path: string, body: unknown, rest?: Rest): Step;
  apply(name: string, path: string, body: unknown, rest?: Rest): Step;
  remove(name: string, path: string, rest?: Rest): Step;
}

export function writerFor(subject: Subject, area: string): Writer {
  const { kind, least } = subject;
  const step: Writer['step'] = (name, method, path, rest = {}) => ({
    name: `${kind.kind} ${area}: ${name}`,
    kind,
    method,
    path,
    ...rest,
  });
  const create: Writer['create'] = (name, body, query = '', rest = {}) =>
    step(name, 'POST', query, { body, ...rest });
  const object: Writer['object'] = (name, metadata = {}, content = least) =>
    named(subject, content, { name, ...metadata });
  return {
    subject,
    isNamespaced: kind.scope === 'Namespaced',
    object,
    full: (name, metadata = {}) => object(name, metadata, { spec: changeable(subject) }),
    step,
    create,
    make: (name, metadata, content) =>
      create(`make ${name}`, object(name, metadata, content), '?fieldManager=maker', { keep: name }),
    get: (name, path, headers) => step(name, 'GET', path, headers === undefined ? {} : { headers }),
    put: (name, path, body, rest) => step(name, 'PUT', path, { body, ...rest }),
    merge: (name, path, body, rest) => step(name, 'PATCH', path, { body, type: MERGE, ...rest }),
    jsonPatch: (name, path, body, rest) => step(name, 'PATCH', path, { body, type: JSON_PATCH, ...rest }),
    apply: (name, path, body, rest) => step(name, 'PATCH', path, { body, type: APPLY, ...rest }),
    remove: (name, path, rest) => step(name, 'DELETE', path, rest),
  };
}

/** JSON of an object with more text before its last brace: for keys that occur twice. */
export const withText = (object: JsonObject, text: string): string =>
  `${JSON.stringify(object).slice(0, -1)}${text}}`;

export { NAMESPACE };
