/**
 * Which objections to a change are new. What an object had before may stay: the very thing, in as many places. A field
 * that is objected to as before but leads elsewhere now is new.
 */
import { createHash } from 'node:crypto';
import { isObject, type JsonObject } from '../../api/json.ts';
import type { Violation } from '../rules/rule.ts';
import { CONTAINER_LISTS } from './pods.ts';

export interface Objected {
  readonly object: JsonObject;
  readonly violations: readonly Violation[];
}

/** Those of `now` that `before` did not have. */
export function newViolations(now: Objected, before: Objected): readonly Violation[] {
  if (now.violations.length === 0 || before.violations.length === 0) return now.violations;
  const left = new Map<string, number>();
  const old = createMarks(before.object);
  for (const violation of before.violations) {
    const mark = old(violation);
    left.set(mark, (left.get(mark) ?? 0) + 1);
  }
  const current = createMarks(now.object);
  return now.violations.filter((violation) => {
    const mark = current(violation);
    const count = left.get(mark) ?? 0;
    left.set(mark, count - 1);
    return count <= 0;
  });
}

/** `a.b[0].c[example.com/key]`: names of fields, positions in lists and keys of maps. */
const STEP = /([^.[\]]+)|\[([^\]]*)\]/g;
/** A new image of a container is not about what else is set in it (policy.md P05). */
const BY_NAME: ReadonlySet<string> = new Set(CONTAINER_LISTS);

/** Where the traffic of an Ingress goes is not about the host that it answers for. */
function identityOf(item: JsonObject, list: string): unknown {
  if (BY_NAME.has(list)) return item['name'];
  return list === 'rules' && typeof item['host'] === 'string' ? item['host'] : item;
}

/**
 * What makes an objection the same: the code, the message, the value of the field, and which items of lists it is in.
 * Positions move when other items come and go, so a container goes by its name, a rule of an Ingress by
 * its host, and other items by all they hold.
 */
function createMarks(object: JsonObject): (violation: Violation) => string {
  const digests = new Map<unknown, string>();
  const digestOf = (value: unknown): string => {
    const known = digests.get(value);
    if (known !== undefined) return known;
    const digest = createHash('sha256')
      .update(value === undefined ? '' : JSON.stringify(value))
      .digest('base64');
    digests.set(value, digest);
    return digest;
  };
  return ({ code, field = '', message }) => {
    const marks: string[] = [code, message];
    let value: unknown = object;
    let list = '';
    for (const [, name, key = ''] of field.matchAll(STEP)) {
      if (Array.isArray(value)) {
        value = (value as readonly unknown[])[Number(key)];
        marks.push(digestOf(isObject(value) ? identityOf(value, list) : value));
        continue;
      }
      list = name ?? key;
      marks.push(list);
      value = isObject(value) && Object.hasOwn(value, list) ? value[list] : undefined;
    }
    return [...marks, digestOf(value)].join('\n');
  };
}
