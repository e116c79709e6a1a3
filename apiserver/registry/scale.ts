/** The `/scale` subresource: an autoscaling/v1 Scale as a view of an object. */
import { cause } from '../api/causes.ts';
import { badRequest, invalid } from '../api/errors.ts';
import { at, isObject, type JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { validateMeta } from '../api/validate-meta.ts';
import { formatSelector, type LabelSelector } from '../kinds/fields.ts';
import { inNamespace, metadataOf, metaText, readObject, requireName, withMetadata } from './body.ts';
import { reportSurprises } from './field-validation.ts';
import type { Body, Context, FieldValidation, StoredObject, Target } from './registry.ts';
import { Scale } from './scale-kind.ts';
import { pruned } from './shape.ts';
import { own, withPath } from './tree.ts';

/** The Scale of a stored object. Throws for a kind without scale. */
export function toScale(kind: Kind, object: JsonObject): JsonObject {
  const { scale } = kind;
  if (scale === undefined) throw new Error(`kind ${kind.kind} has no scale`);
  const selector = scale.labelSelector === undefined ? '' : selectorText(at(object, scale.labelSelector));
  const metadata: JsonObject = {};
  for (const field of ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp']) {
    const value = own(metadataOf(object), field);
    if (value !== undefined) metadata[field] = value;
  }
  const replicas = count(at(object, scale.specReplicas));
  return {
    kind: Scale.kind,
    apiVersion: `${Scale.group}/${Scale.version}`,
    metadata,
    // source: autoscaling/v1 ScaleSpec: none is said by not saying any.
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: count(at(object, scale.statusReplicas)),
      ...(selector === '' ? {} : { selector }),
    },
  };
}

/**
 * Own kinds keep the text of their selector in the status, as CustomResourceDefinitions do; Deployments and the
 * like have the selector itself, and ReplicationControllers plain labels.
 * source: kubernetes pkg/registry/apps/deployment/storage scaleFromDeployment.
 */
function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector;
  if (!isObject(selector)) return '';
  // Admitted with the kind's schema, so its parts have the right types.
  const isPlain = Object.values(selector).every((value) => typeof value === 'string');
  const text = formatSelector((isPlain ? { matchLabels: selector } : selector) as LabelSelector);
  return text === '<none>' ? '' : text;
}

const count = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** How the Scale is written, as far as it decides what is said about unknown fields. */
export interface ScaleWrite {
  readonly context: Context;
  readonly mode: FieldValidation;
  readonly isPatch: boolean;
}

/** A Scale for the target. Throws 400 for what is none, or that of something else, and 422. */
export function readScale(target: Target, body: Body, { context, mode, isPatch }: ScaleWrite): JsonObject {
  const read = inNamespace(readObject(Scale, body), target.namespace);
  requireName(read, target);
  requireTypes(read);
  const { object, unknown } = pruned(Scale, read);
  const check = { kind: Scale, name: target.name, mode, isPatch };
  reportSurprises(context, check, { unknown, duplicates: body.duplicates });
  return object;
}

/** The object with the replicas and, as preconditions, the resourceVersion and uid of a Scale. Throws 422. */
export function fromScale({ kind }: Target, object: JsonObject, scale: JsonObject): JsonObject {
  if (kind.scale === undefined) throw new Error(`kind ${kind.kind} has no scale`);
  const replicas = count(at(scale, 'spec.replicas'));
  const causes = [
    ...validateMeta({ ...Scale, scope: kind.scope }, metadataOf(scale)),
    ...(replicas < 0 ? [cause.invalid('spec.replicas', replicas, 'must be greater than or equal to 0')] : []),
  ];
  if (causes.length > 0) throw invalid(Scale, metaText(scale, 'name'), causes);
  const scaled = withPath(object, kind.scale.specReplicas.split('.'), replicas);
  const resourceVersion = metaText(scale, 'resourceVersion');
  return withMetadata(scaled, { ...metadataOf(object), resourceVersion });
}

/** The Scale of a stored object as an answer. */
export function scaleOf(stored: StoredObject, kind: Kind): StoredObject {
  const scale = toScale(kind, stored.read());
  const bytes = Buffer.from(JSON.stringify(scale));
  const { key, namespace, name, revision } = stored;
  return { key, namespace, name, revision, bytes, size: bytes.length, read: () => scale };
}

const isCount = (value: unknown): boolean => Number.isInteger(value) && value === (Number(value) | 0);
const isText = (value: unknown): boolean => typeof value === 'string';
const FIELDS = [
  ['spec', 'replicas', 'an integer of 32 bits', isCount],
  ['status', 'replicas', 'an integer of 32 bits', isCount],
  ['status', 'selector', 'a text', isText],
] as const;

/** Throws 400. Null stands for an absent field. */
function requireTypes(scale: JsonObject): void {
  for (const [part, field, words, test] of FIELDS) {
    const holder = own(scale, part) ?? {};
    if (!isObject(holder)) throw badRequest(`Scale in version "v1": ${part} must be an object`);
    const value = own(holder, field) ?? undefined;
    if (value !== undefined && !test(value)) {
      throw badRequest(`Scale in version "v1": ${part}.${field} must be ${words}`);
    }
  }
}
