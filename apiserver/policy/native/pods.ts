/** Where pods are described: in Pods themselves and in the templates of everything that makes pods. */
import { at, isObject, type JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { kindOf } from '../actions.ts';

/** Path of the object that holds a pod's `metadata` and `spec`; empty for the object itself. */
const TEMPLATES: ReadonlyMap<string, string> = new Map([
  ['core/pods', ''],
  ['core/replicationcontrollers', 'spec.template'],
  ['apps/deployments', 'spec.template'],
  ['apps/replicasets', 'spec.template'],
  ['apps/statefulsets', 'spec.template'],
  ['apps/daemonsets', 'spec.template'],
  ['batch/jobs', 'spec.template'],
  ['batch/cronjobs', 'spec.jobTemplate.spec.template'],
]);

/** `group/plural` of everything that describes pods, with Polder's spelling of groups. */
export const POD_KINDS: readonly string[] = [...TEMPLATES.keys()];

export interface PodDescription {
  /** Dotted path of `metadata` and `spec`, with the trailing dot; empty for a Pod. */
  readonly path: string;
  readonly metadata: JsonObject;
  readonly spec: JsonObject;
}

/** The pod that an object is or makes; undefined for other kinds and where there is no spec. */
export function podOf(
  kind: Pick<Kind, 'group' | 'plural'>,
  object: JsonObject | undefined,
): PodDescription | undefined {
  const path = TEMPLATES.get(kindOf(kind.group, kind.plural));
  if (path === undefined || object === undefined) return undefined;
  const holder = path === '' ? object : at(object, path);
  const spec = at(holder, 'spec');
  const metadata = at(holder, 'metadata');
  if (!isObject(spec)) return undefined;
  return { path: path === '' ? '' : `${path}.`, metadata: isObject(metadata) ? metadata : {}, spec };
}

export interface Place {
  /** With list positions: `containers[0].env[1]`. */
  readonly path: string;
  readonly value: unknown;
}

interface Step {
  readonly key: string;
  readonly isList: boolean;
}

/** Paths come from the tables of the rules, so there are as many as these have. */
const COMPILED = new Map<string, readonly Step[]>();

function stepsOf(field: string): readonly Step[] {
  const known = COMPILED.get(field);
  if (known !== undefined) return known;
  const steps = field.split('.').map((step): Step => {
    const isList = step.endsWith('[]');
    return { key: isList ? step.slice(0, -'[]'.length) : step, isList };
  });
  COMPILED.set(field, steps);
  return steps;
}

const NOWHERE: readonly Place[] = [];

/**
 * Everything a dotted path leads to, own properties only; `a[]` steps into every item of a list. Most paths lead
 * nowhere in most objects, which costs a look at the first step.
 */
export function placesAt(value: unknown, field: string): readonly Place[] {
  const steps = stepsOf(field);
  const [first] = steps;
  if (first === undefined || !isObject(value) || !Object.hasOwn(value, first.key)) return NOWHERE;
  const found: Place[] = [];
  collect({ value, path: '' }, steps, 0, found);
  return found;
}

function collect(place: Place, steps: readonly Step[], index: number, found: Place[]): void {
  const step = steps[index];
  if (step === undefined) {
    found.push(place);
    return;
  }
  const { value: holder, path } = place;
  if (!isObject(holder) || !Object.hasOwn(holder, step.key)) return;
  const value = holder[step.key];
  if (value === undefined || value === null) return;
  const below = path === '' ? step.key : `${path}.${step.key}`;
  if (!step.isList) return collect({ path: below, value }, steps, index + 1, found);
  if (!Array.isArray(value)) return;
  for (const [at, item] of value.entries()) {
    collect({ path: `${below}[${at}]`, value: item }, steps, index + 1, found);
  }
}

/** The three lists a pod's containers are in; what is forgotten in one of them is open (CVE-2023-2727). */
export const CONTAINER_LISTS = ['containers', 'initContainers', 'ephemeralContainers'] as const;

/** Every container of a pod, whatever list it is in. */
export const containersOf = (spec: JsonObject): readonly Place[] =>
  CONTAINER_LISTS.flatMap((list) => placesAt(spec, `${list}[]`)).filter(({ value }) => isObject(value));

/** One string of `metadata.labels` or `metadata.annotations`; undefined when it is not there. */
export function metadataText(
  metadata: JsonObject,
  section: 'labels' | 'annotations',
  key: string,
): string | undefined {
  const values = metadata[section];
  if (!isObject(values) || !Object.hasOwn(values, key)) return undefined;
  const value = values[key];
  return typeof value === 'string' ? value : undefined;
}
