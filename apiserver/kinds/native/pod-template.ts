/** Templates of pods in workloads: schema, the defaults that depend on other fields, checks and cells. */
import { cause } from '../../api/causes.ts';
import type { Cause } from '../../api/errors.ts';
import { isObject, type Json } from '../../api/json.ts';
import { OBJECT_META_SCHEMA } from '../../api/meta-schema.ts';
import { obj, opt } from '../../api/schema.ts';
import type { LabelSelector } from '../fields.ts';
import { podSpec, type PodSpec } from './pod-spec.ts';

export const podTemplate = obj('What the pods look like.', {
  metadata: opt({ ...OBJECT_META_SCHEMA, description: 'Metadata of the pods.' }),
  spec: podSpec,
});
export interface PodTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

type Fields = Readonly<Record<string, Json>>;

/** source: core/v1 SetDefaults_Container and SetDefaults_PodSpec: what depends on other fields of the pod. */
export function fillPodSpec(spec: Json | undefined): Json | undefined {
  if (!isObject(spec)) return spec;
  const filled: Record<string, Json> = { ...spec };
  for (const name of ['containers', 'initContainers', 'ephemeralContainers']) {
    const containers = filled[name];
    if (Array.isArray(containers)) filled[name] = (containers as readonly Json[]).map(fillContainer);
  }
  const account = filled['serviceAccountName'] ?? filled['serviceAccount'];
  if (account !== undefined) Object.assign(filled, { serviceAccountName: account, serviceAccount: account });
  return filled;
}

function fillContainer(container: Json): Json {
  if (!isObject(container)) return container;
  const image = container['image'];
  const filled: Record<string, Json> = { ...container };
  if (typeof image === 'string' && filled['imagePullPolicy'] === undefined) {
    filled['imagePullPolicy'] = isLatest(image) ? 'Always' : 'IfNotPresent';
  }
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = filled[name];
    if (isObject(probe)) filled[name] = fillProbe(probe);
  }
  return filled;
}

function fillProbe(probe: Fields): Json {
  const { httpGet } = probe;
  if (!isObject(httpGet) || (httpGet['path'] ?? '') !== '') return probe as Json;
  return { ...probe, httpGet: { ...httpGet, path: '/' } };
}

/** No tag and no digest means the newest image. */
function isLatest(image: string): boolean {
  if (image.includes('@')) return false;
  const name = image.slice(image.lastIndexOf('/') + 1);
  const tag = name.includes(':') ? name.slice(name.indexOf(':') + 1) : 'latest';
  return tag === 'latest';
}

/** The template of an object below `path` (such as spec.template) with its defaults filled in. */
export function fillTemplate(object: Fields, path: readonly string[]): Record<string, Json> {
  const [step, ...rest] = path;
  if (step === undefined) return { ...object, ...specOf(fillPodSpec(object['spec'])) };
  const child = object[step];
  return isObject(child) ? { ...object, [step]: fillTemplate(child, rest) } : { ...object };
}
const specOf = (spec: Json | undefined): Record<string, Json> => (spec === undefined ? {} : { spec });

/** source: core validation ValidatePodSpec, the part that needs no cluster. */
export function checkPodSpec(spec: PodSpec, field: string): readonly Cause[] {
  if (spec.containers.length === 0) return [cause.required(`${field}.containers`)];
  const volumes = new Set((spec.volumes ?? []).map((volume) => volume.name));
  return (['initContainers', 'containers'] as const).flatMap((name) =>
    (spec[name] ?? []).flatMap((container, index) =>
      checkContainer(container, volumes, `${field}.${name}[${index}]`),
    ),
  );
}

type Container = PodSpec['containers'][number];
const CONTAINER_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const ILLEGAL_NAME =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end " +
  'with an alphanumeric character';

function checkContainer(container: Container, volumes: ReadonlySet<string>, field: string): readonly Cause[] {
  const causes: Cause[] = [];
  if (container.name === '') causes.push(cause.required(`${field}.name`));
  else if (!CONTAINER_NAME.test(container.name)) {
    causes.push(cause.invalid(`${field}.name`, container.name, ILLEGAL_NAME));
  }
  if ((container.image ?? '') === '') causes.push(cause.required(`${field}.image`));
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    if (!volumes.has(mount.name))
      causes.push(cause.notFound(`${field}.volumeMounts[${index}].name`, mount.name));
  }
  for (const [index, port] of (container.ports ?? []).entries()) {
    if (port.containerPort >= 1 && port.containerPort <= 65_535) continue;
    const why = 'must be between 1 and 65535, inclusive';
    causes.push(cause.invalid(`${field}.ports[${index}].containerPort`, port.containerPort, why));
  }
  return causes;
}

/** source: apps validation: the selector must be there and must select the pods of the template. */
export function checkSelector(selector: LabelSelector, template: PodTemplate): readonly Cause[] {
  const wanted = Object.entries(selector.matchLabels ?? {});
  if (wanted.length === 0 && (selector.matchExpressions ?? []).length === 0) {
    return [cause.invalid('spec.selector', selector, 'empty selector is invalid for deployment')];
  }
  const labels = template.metadata?.labels ?? {};
  const matches = wanted.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
  if (matches) return [];
  const why = '`selector` does not match template `labels`';
  return [cause.invalid('spec.template.metadata.labels', labels, why)];
}

/** Cells: names and images of the containers. */
export const containerNames = (spec: PodSpec): string => spec.containers.map((each) => each.name).join(',');
export const containerImages = (spec: PodSpec): string =>
  spec.containers.map((each) => each.image ?? '').join(',');
