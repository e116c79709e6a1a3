/** The answers of both sides to one operation, and whether they are the same. */
import { isDeepStrictEqual } from 'node:util';
import { applyDefaults } from '../../../apiserver/api/default.ts';
import { ApiError } from '../../../apiserver/api/errors.ts';
import { isObject, type Json, type JsonObject } from '../../../apiserver/api/json.ts';
import { objectSchema } from '../../../apiserver/api/object-schema.ts';
import { dropTimeOnlyChange, managedFieldsOf } from '../../../apiserver/registry/apply/managed-fields.ts';
import { managedUpdate } from '../../../apiserver/registry/apply/managed-update.ts';
import { serverSideApply } from '../../../apiserver/registry/apply/server-side-apply.ts';
import type { Operation } from './history.ts';

export interface Answer {
  readonly object?: JsonObject;
  /** fieldsV1 of each entry as text, because the order of its keys counts. */
  readonly fields?: readonly string[];
  readonly error?: string;
  readonly code?: number;
  readonly causes?: readonly { readonly message: string; readonly field: string }[];
}

/** Later than every time a history uses and, like the oracle's clock, after 2025. */
const NOW_MS = Date.UTC(2030, 0, 1);
const OF_THIS_RUN = /^20(2[6-9]|[3-9]\d)-\d\d-\d\dT[\d:]+Z$/;

export function ourAnswer(operation: Operation): Answer {
  const { kind, live, object, manager, subresource } = operation;
  const common = { kind, manager, subresource, nowMs: NOW_MS };
  try {
    const result =
      operation.verb === 'apply'
        ? serverSideApply({ ...common, current: live, applied: object, force: operation.force })
        : managedUpdate({ ...common, oldObject: live, newObject: object });
    const entries = (managedFieldsOf(result) ?? []) as readonly JsonObject[];
    return { object: result, fields: entries.map((entry) => JSON.stringify(entry['fieldsV1'])) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const causes = (error.details?.causes ?? []).map(({ message, field = '' }) => ({ message, field }));
    return { error: error.message, code: error.code, causes };
  }
}

/** What our side adds to the field manager: defaults, and the revert of changes in nothing but time. */
export function expected(operation: Operation, answer: Answer): Answer {
  const { live, kind, verb } = operation;
  if (answer.object === undefined || verb !== 'apply') return answer;
  const defaulted = applyDefaults(objectSchema(kind), answer.object) as JsonObject;
  return { ...answer, object: live === undefined ? defaulted : dropTimeOnlyChange(live, defaulted) };
}

export function differ(operation: Operation, mine: Answer, theirs: Answer): boolean {
  if (theirs.error !== undefined || mine.error !== undefined) return differInError(mine, theirs);
  const wanted = expected(operation, theirs);
  const sameObject = isDeepStrictEqual(normal(mine.object), normal(wanted.object));
  return !sameObject || !isDeepStrictEqual(mine.fields ?? [], wanted.fields ?? []);
}

/** The order of managers and of problems is random in Go; how a type problem is worded is our own. */
function differInError(mine: Answer, theirs: Answer): boolean {
  const text = ({ error = '', code }: Answer): readonly string[] =>
    code === 500
      ? [error.slice(0, error.indexOf(';'))]
      : error.replace('conflicts: ', 'conflicts:\n').split('\n').sort();
  const causes = (answer: Answer): readonly string[] =>
    (answer.causes ?? []).map((cause) => `${cause.message} ${cause.field}`).sort();
  const view = (answer: Answer): unknown => [answer.code, text(answer), causes(answer)];
  return !isDeepStrictEqual(view(mine), view(theirs));
}

/** Times of this run read NOW; the order of an object's keys does not count. */
function normal(value: Json | undefined): unknown {
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value === 'string') return OF_THIS_RUN.test(value) ? 'NOW' : value;
  if (!isObject(value)) return value;
  return Object.keys(value)
    .sort()
    .map((key) => [key, normal(value[key])]);
}

/** Where two answers differ, a line per place and side. */
export function differences(path: string, mine: Json | undefined, theirs: Json | undefined): string[] {
  if (isDeepStrictEqual(normal(mine), normal(theirs))) return [];
  if (isObject(mine) && isObject(theirs)) {
    const names = new Set([...Object.keys(mine), ...Object.keys(theirs)]);
    return [...names].flatMap((name) => differences(`${path}/${name}`, mine[name], theirs[name]));
  }
  if (Array.isArray(mine) && Array.isArray(theirs) && mine.length === theirs.length) {
    return mine.flatMap((item: Json, i) => differences(`${path}/${i}`, item, theirs[i]));
  }
  return [`${path}: ours ${JSON.stringify(mine)}`, `${path}: want ${JSON.stringify(theirs)}`];
}
