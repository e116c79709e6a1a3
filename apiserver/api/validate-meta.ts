/**
 * Validation of metadata beyond its schema: names, labels, annotations, owners, finalizers, managedFields.
 * source: apimachinery pkg/api/validation/objectmeta.go and pkg/apis/meta/v1/validation.
 */
import { cause } from './causes.ts';
import type { Cause } from './errors.ts';
import { isObject, type JsonObject } from './json.ts';
import { resourceName, type Kind, type NameRule } from './kind.ts';
import { MAX_ANNOTATION_BYTES } from './meta-schema.ts';
import {
  label1035Problems,
  labelProblems,
  labelValueProblems,
  pathSegmentProblems,
  qualifiedNameProblems,
  subdomainProblems,
} from './names.ts';

export const FOREGROUND_FINALIZER = 'foregroundDeletion';
export const ORPHAN_FINALIZER = 'orphan';
/** Finalizers that need no domain in front. */
const STANDARD_FINALIZERS = new Set([FOREGROUND_FINALIZER, ORPHAN_FINALIZER, 'kubernetes']);
const MAX_MANAGER = 128;
const MAX_SUBRESOURCE = 256;

const SUBDOMAIN: NameRule = { format: 'subdomain' };
/** Where Kubernetes asks for more, or less, than a DNS subdomain. source: the validation of each kind upstream. */
const NATIVE_RULES: Readonly<Record<string, NameRule>> = {
  namespaces: { format: 'label' },
  services: { format: 'label1035' },
  'cronjobs.batch': { format: 'subdomain', maxLength: 52 },
  'roles.rbac.authorization.k8s.io': { format: 'path-segment' },
  'rolebindings.rbac.authorization.k8s.io': { format: 'path-segment' },
  'clusterroles.rbac.authorization.k8s.io': { format: 'path-segment' },
  'clusterrolebindings.rbac.authorization.k8s.io': { format: 'path-segment' },
};

type Named = Pick<Kind, 'group' | 'plural' | 'scope' | 'nameRule'>;

/**
 * Checks metadata of an object to be stored; the name has been generated already. Run it after schema validation,
 * so types are right; what has another type is skipped here.
 */
export function validateMeta(kind: Named, metadata: JsonObject): readonly Cause[] {
  const causes: Cause[] = [];
  causes.push(...nameCauses(kind, metadata), ...namespaceCauses(kind, text(metadata, 'namespace')));
  // Most objects have few of these.
  if (Object.hasOwn(metadata, 'labels')) causes.push(...labelCauses(stringMap(metadata, 'labels')));
  if (Object.hasOwn(metadata, 'annotations')) {
    causes.push(...annotationCauses(stringMap(metadata, 'annotations')));
  }
  if (Object.hasOwn(metadata, 'ownerReferences')) {
    causes.push(...ownerCauses(objects(metadata, 'ownerReferences')));
  }
  if (Object.hasOwn(metadata, 'finalizers')) {
    causes.push(...finalizerCauses(strings(metadata, 'finalizers')));
  }
  if (Object.hasOwn(metadata, 'managedFields')) {
    causes.push(...managedFieldsCauses(objects(metadata, 'managedFields')));
  }
  return causes;
}

/** What may not change on update. `creationTimestamp` and the like must have been restored before. */
export function validateMetaUpdate(metadata: JsonObject, old: JsonObject): readonly Cause[] {
  const causes: Cause[] = [];
  if (text(metadata, 'resourceVersion') === '') {
    causes.push(cause.invalid('metadata.resourceVersion', '', 'must be specified for an update'));
  }
  if (text(old, 'deletionTimestamp') !== '') {
    const known = new Set(strings(old, 'finalizers'));
    const added = [...new Set(strings(metadata, 'finalizers'))].filter((name) => !known.has(name)).sort();
    if (added.length > 0) causes.push(newFinalizers(added));
  }
  const fixed = [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ];
  for (const name of fixed) {
    const now = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
    const before = Object.hasOwn(old, name) ? old[name] : undefined;
    if ((now ?? '') !== (before ?? '')) causes.push(cause.immutable(`metadata.${name}`, now ?? null));
  }
  return causes;
}

/** Complaints about the name itself; `prefix` = it is a generateName and may end in a dash. */
export function nameProblems(kind: Named, name: string, prefix: boolean): readonly string[] {
  const rule = ruleOf(kind);
  // source: apimachinery pkg/api/validation/generic.go, maskTrailingDash.
  const masked = prefix && name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
  const problems = PROBLEMS[rule.format](rule.format === 'path-segment' ? name : masked);
  const max = rule.maxLength ?? Number.POSITIVE_INFINITY;
  return name.length > max ? [...problems, `must be no more than ${max} characters`] : problems;
}

function ruleOf(kind: Named): NameRule {
  let rule = rules.get(kind);
  if (rule === undefined) {
    rule = kind.nameRule ?? NATIVE_RULES[resourceName(kind)] ?? SUBDOMAIN;
    rules.set(kind, rule);
  }
  return rule;
}
/** Every write asks. */
const rules = new WeakMap<Named, NameRule>();

const PROBLEMS: Readonly<Record<NameRule['format'], (name: string) => readonly string[]>> = {
  subdomain: subdomainProblems,
  label: labelProblems,
  label1035: label1035Problems,
  'path-segment': pathSegmentProblems,
};

function nameCauses(kind: Named, metadata: JsonObject): readonly Cause[] {
  const name = text(metadata, 'name');
  const generateName = text(metadata, 'generateName');
  if (generateName === '' && name !== '' && nameProblems(kind, name, false).length === 0) return NONE;
  const causes: Cause[] = [];
  if (generateName !== '') {
    for (const problem of nameProblems(kind, generateName, true)) {
      causes.push(cause.invalid('metadata.generateName', generateName, problem));
    }
  }
  if (name === '') return [...causes, cause.required('metadata.name', 'name or generateName is required')];
  const problems = nameProblems(kind, name, false);
  return [...causes, ...problems.map((problem) => cause.invalid('metadata.name', name, problem))];
}

function namespaceCauses(kind: Named, namespace: string): readonly Cause[] {
  const field = 'metadata.namespace';
  if (kind.scope === 'Cluster')
    return namespace === '' ? [] : [cause.forbidden(field, 'not allowed on this type')];
  if (namespace === '') return [cause.required(field)];
  const problems = labelProblems(namespace);
  return problems.length === 0 ? NONE : problems.map((problem) => cause.invalid(field, namespace, problem));
}
const NONE: readonly Cause[] = [];

function labelCauses(labels: readonly (readonly [string, string])[]): readonly Cause[] {
  const causes: Cause[] = [];
  for (const [key, value] of labels) {
    for (const problem of qualifiedNameProblems(key)) {
      causes.push(cause.invalid('metadata.labels', key, problem));
    }
    for (const problem of labelValueProblems(value)) {
      causes.push(cause.invalid('metadata.labels', value, problem));
    }
  }
  return causes;
}

function annotationCauses(annotations: readonly (readonly [string, string])[]): readonly Cause[] {
  const field = 'metadata.annotations';
  let bytes = 0;
  const causes: Cause[] = [];
  for (const [key, value] of annotations) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    for (const problem of qualifiedNameProblems(key.toLowerCase()))
      causes.push(cause.invalid(field, key, problem));
  }
  if (bytes > MAX_ANNOTATION_BYTES) causes.push(cause.tooLong(field, MAX_ANNOTATION_BYTES));
  return causes;
}

function ownerCauses(owners: readonly JsonObject[]): readonly Cause[] {
  const field = 'metadata.ownerReferences';
  const causes: Cause[] = [];
  let controller: string | undefined;
  for (const owner of owners) {
    causes.push(...oneOwner(owner, field));
    if (owner['controller'] !== true) continue;
    const name = `${text(owner, 'kind')}/${text(owner, 'name')}`;
    if (controller === undefined) controller = name;
    else {
      const found = `Found "true" in references for ${controller} and ${name}`;
      causes.push(
        cause.invalid(field, owners, `Only one reference can have Controller set to true. ${found}`),
      );
    }
  }
  return causes;
}

function oneOwner(owner: JsonObject, field: string): readonly Cause[] {
  const causes: Cause[] = [];
  const apiVersion = text(owner, 'apiVersion');
  // A group and a version have one slash between them.
  if (apiVersion === '' || apiVersion.split('/').length > 2)
    causes.push(cause.invalid(`${field}.apiVersion`, apiVersion, 'version must not be empty'));
  for (const name of ['kind', 'name', 'uid']) {
    if (text(owner, name) === '') causes.push(cause.invalid(`${field}.${name}`, '', 'must not be empty'));
  }
  if (apiVersion === 'v1' && text(owner, 'kind') === 'Event') {
    causes.push(cause.invalid(field, owner, '/v1, Kind=Event is disallowed from being an owner'));
  }
  return causes;
}

function finalizerCauses(finalizers: readonly string[]): readonly Cause[] {
  const field = 'metadata.finalizers';
  const causes: Cause[] = [];
  for (const [index, name] of finalizers.entries()) {
    for (const problem of qualifiedNameProblems(name)) causes.push(cause.invalid(field, name, problem));
    // source: k8s.io/kubernetes pkg/apis/core/validation, validateKubeFinalizerName.
    if (!name.includes('/') && !STANDARD_FINALIZERS.has(name)) {
      const rule = 'name is neither a standard finalizer name nor is it fully qualified';
      causes.push(cause.invalid(`${field}[${index}]`, name, rule));
    }
  }
  if (finalizers.includes(ORPHAN_FINALIZER) && finalizers.includes(FOREGROUND_FINALIZER)) {
    const rule = `finalizer ${FOREGROUND_FINALIZER} and ${ORPHAN_FINALIZER} cannot be both set`;
    causes.push(cause.invalid(field, finalizers, rule));
  }
  return causes;
}

function newFinalizers(added: readonly string[]): Cause {
  const names = added.map((name) => JSON.stringify(name)).join(', ');
  const rule = 'no new finalizers can be added if the object is being deleted, found new finalizers';
  return cause.forbidden('metadata.finalizers', `${rule} []string{${names}}`);
}

function managedFieldsCauses(entries: readonly JsonObject[]): readonly Cause[] {
  return entries.flatMap((entry, index) => {
    const field = `metadata.managedFields[${index}]`;
    const causes: Cause[] = [];
    const operation = text(entry, 'operation');
    if (operation !== 'Apply' && operation !== 'Update') {
      causes.push(cause.invalid(`${field}.operation`, operation, 'must be `Apply` or `Update`'));
    }
    const fieldsType = text(entry, 'fieldsType');
    if (fieldsType !== '' && fieldsType !== 'FieldsV1') {
      causes.push(cause.invalid(`${field}.fieldsType`, fieldsType, 'must be `FieldsV1`'));
    }
    causes.push(...managerCauses(text(entry, 'manager'), `${field}.manager`));
    if (Buffer.byteLength(text(entry, 'subresource')) > MAX_SUBRESOURCE) {
      causes.push(cause.tooLong(`${field}.subresource`, MAX_SUBRESOURCE));
    }
    return causes;
  });
}

/** A field manager: at most 128 bytes of printable characters. Also checks the query parameter. */
export function managerCauses(manager: string, field: string): readonly Cause[] {
  const causes: Cause[] = [];
  if (SIMPLE_MANAGER.test(manager)) return causes;
  if (Buffer.byteLength(manager) > MAX_MANAGER) causes.push(cause.tooLong(field, MAX_MANAGER));
  let position = 0;
  for (const character of manager.slice(0, 4 * MAX_MANAGER)) {
    if (!PRINTABLE.test(character)) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      causes.push(cause.invalid(field, manager, `invalid character U+${code} (at position ${position})`));
    }
    position += Buffer.byteLength(character);
  }
  return causes;
}
// source: Go unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space.
const SIMPLE_MANAGER = /^[\w.-]{1,128}$/;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

function text(from: JsonObject, name: string): string {
  const value = Object.hasOwn(from, name) ? from[name] : undefined;
  return typeof value === 'string' ? value : '';
}
function stringMap(from: JsonObject, name: string): readonly (readonly [string, string])[] {
  const value = Object.hasOwn(from, name) ? from[name] : undefined;
  if (!isObject(value)) return [];
  return Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}
function items(from: JsonObject, name: string): readonly unknown[] {
  const value = Object.hasOwn(from, name) ? from[name] : undefined;
  return Array.isArray(value) ? value : [];
}
const strings = (from: JsonObject, name: string): readonly string[] =>
  items(from, name).filter((item) => typeof item === 'string');
const objects = (from: JsonObject, name: string): readonly JsonObject[] => items(from, name).filter(isObject);
