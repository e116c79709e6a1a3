/** The one reference extractor: every name of another object in an object, from the table its kind declares. */
import { isObject, type JsonObject } from '../api/json.ts';
import type { Kind, Reference } from '../api/kind.ts';

export interface FoundReference {
  readonly reference: Reference;
  /** Where it stands, with list positions: `spec.credentials[0].ref.name`. */
  readonly path: string;
  readonly name: string;
  /** Name of the foreign tenant as written; empty for the own one. */
  readonly tenant: string;
}

/** One step of a field path; a list leads to each of its items. */
interface Step {
  readonly key: string;
  readonly isList: boolean;
}
const stepsOf = new WeakMap<Reference, readonly Step[]>();

const NONE: readonly FoundReference[] = [];

/** In the order of the table, then of the object. Empty names are no references. */
export function referencesOf(kind: Kind, object: JsonObject | undefined): readonly FoundReference[] {
  if (object === undefined || kind.references.length === 0) return NONE;
  const found: FoundReference[] = [];
  for (const reference of kind.references) {
    let steps = stepsOf.get(reference);
    if (steps === undefined) stepsOf.set(reference, (steps = toSteps(reference.field)));
    follow({ reference, steps, found }, object, 0, '');
  }
  return found;
}

function toSteps(field: string): readonly Step[] {
  return field.split('.').map((step) => {
    const isList = step.endsWith('[]');
    return { key: isList ? step.slice(0, -'[]'.length) : step, isList };
  });
}

interface Search {
  readonly reference: Reference;
  readonly steps: readonly Step[];
  readonly found: FoundReference[];
}

/** Everything the steps from `index` on lead to; `path` is where `value` stands. */
function follow(search: Search, value: unknown, index: number, path: string): void {
  const step = search.steps[index];
  if (step === undefined || !isObject(value) || !Object.hasOwn(value, step.key)) return;
  const child: unknown = value[step.key];
  const here = path === '' ? step.key : `${path}.${step.key}`;
  const isLast = index === search.steps.length - 1;
  const enter = (next: unknown, at: string): void => {
    if (isLast) take(search, next, value, at);
    else follow(search, next, index + 1, at);
  };
  if (!step.isList) enter(child, here);
  else if (Array.isArray(child)) child.forEach((item, position) => enter(item, `${here}[${position}]`));
}

/** `parent` is the object that holds the last step. */
function take({ reference, found }: Search, value: unknown, parent: JsonObject, path: string): void {
  if (typeof value !== 'string') return;
  const [name = ''] = reference.nameEndsAt === undefined ? [value] : value.split(reference.nameEndsAt);
  if (name !== '') found.push({ reference, path, name, tenant: tenantBeside(reference, parent) });
}

function tenantBeside({ tenantField }: Reference, parent: JsonObject): string {
  if (tenantField === undefined || !Object.hasOwn(parent, tenantField)) return '';
  const tenant = parent[tenantField];
  return typeof tenant === 'string' ? tenant : '';
}

/** Those that a write adds: what was there before was decided before. */
export function addedReferences(
  kind: Kind,
  object: JsonObject | undefined,
  old: JsonObject | undefined,
): readonly FoundReference[] {
  if (old === undefined) return referencesOf(kind, object);
  const before = new Set(referencesOf(kind, old).map(identity));
  return referencesOf(kind, object).filter((found) => !before.has(identity(found)));
}

const identity = ({ reference, name, tenant }: FoundReference): string =>
  JSON.stringify([reference.field, tenant, name]);
