/**
 * Whether an applied configuration fits the schema well enough to be owned field by field: declared fields,
 * values of the declared shape, no duplicates in sets and list-maps. Ranges and patterns are validation's work.
 * source: structured-merge-diff typed/validate.go.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import type { Atom, ListAtom, MapAtom, Scalar } from './atom.ts';
import { itemElement, UnaddressableItem } from './list-items.ts';
import { fieldElement, printPath, type PathElement } from './path-element.ts';
import { narrow } from './values.ts';

const MAX_PROBLEMS = 50;
const SHOWN_CHARACTERS = 120;

/** One line per problem, path first; empty when the value fits. */
export function typeProblems(atom: Atom, value: Json): readonly string[] {
  const walk = new Checking();
  walk.visit(atom, value);
  return walk.problems;
}

class Checking {
  readonly problems: string[] = [];
  readonly #path: PathElement[] = [];

  visit(atom: Atom, value: Json): void {
    if (value === null || this.problems.length >= MAX_PROBLEMS) return;
    const { map, list, scalar } = narrow(atom, value);
    if (map !== undefined) this.#visitMap(map, value);
    else if (scalar !== undefined) this.#visitScalar(scalar, value);
    else if (list !== undefined) this.#visitList(list, value);
  }

  #report(problem: string): void {
    this.problems.push(this.#path.length === 0 ? problem : `${printPath(this.#path)}: ${problem}`);
  }

  #visitScalar(scalar: Scalar, value: Json): void {
    if (scalar === 'numeric' && typeof value !== 'number') {
      this.#report(`expected numeric (int or float), got ${goType(value)}`);
    } else if (scalar === 'string' && typeof value !== 'string') {
      this.#report(`expected string, got ${shown(value)}`);
    } else if (scalar === 'boolean' && typeof value !== 'boolean') {
      this.#report(`expected boolean, got ${shown(value)}`);
    } else if (typeof value === 'object') {
      this.#report(`expected any scalar, got ${shown(value)}`);
    }
  }

  #visitMap(map: MapAtom, value: Json): void {
    if (!isObject(value)) {
      this.#report(`expected map, got ${shown(value)}`);
      return;
    }
    for (const name of Object.keys(value)) this.#visitField(map, name, value);
  }

  #visitField(map: MapAtom, name: string, object: JsonObject): void {
    const atom = map.fields.get(name) ?? map.element;
    this.#path.push(fieldElement(name));
    if (atom === undefined) this.#report('field not declared in schema');
    else this.visit(atom, object[name] ?? null);
    this.#path.pop();
  }

  #visitList(list: ListAtom, value: Json): void {
    if (!Array.isArray(value)) {
      this.#report(`expected list, got ${shown(value)}`);
      return;
    }
    const seen = new Set<PathElement>();
    for (const [i, item] of (value as readonly Json[]).entries()) {
      const element = list.atomic ? `i:${i}` : this.#addressOf(list, i, item);
      if (element === undefined) return;
      if (seen.has(element)) this.#report(`duplicate entries for key ${printPath([element])}`);
      seen.add(element);
      this.#path.push(element);
      this.visit(list.element, item);
      this.#path.pop();
    }
  }

  #addressOf(list: ListAtom, index: number, item: Json): PathElement | undefined {
    try {
      return itemElement(list, item);
    } catch (error) {
      if (!(error instanceof UnaddressableItem)) throw error;
      this.#report(`element ${index}: ${error.message}`);
      return undefined;
    }
  }
}

function goType(value: Json): string {
  if (Array.isArray(value)) return '[]interface {}';
  return typeof value === 'object'
    ? 'map[string]interface {}'
    : typeof value === 'boolean'
      ? 'bool'
      : 'string';
}

/** The value as sent, cut so that a message stays a message. */
function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}...`;
}
