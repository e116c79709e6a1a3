/**
 * Other people's webhooks on what we serve, as their configurations say: read once per configuration, in the order
 * in which they are called. source: admissionregistration.k8s.io/v1; apiserver pkg/admission/configuration.
 */
import { at, isObject, type Json, type JsonObject } from '../../api/json.ts';
import { compileSelector } from '../../policy/operators.ts';
import { compileConditions, type Conditions } from './conditions.ts';

export type HookType = 'Mutating' | 'Validating';
export type Labels = Readonly<Record<string, Json>>;

export interface Rule {
  readonly operations: readonly string[];
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly scope: string;
}

export interface Hook {
  readonly type: HookType;
  /** Unique within one configuration. */
  readonly name: string;
  readonly configuration: string;
  /** Unique over all: a webhook that is called again is known by it. */
  readonly id: string;
  readonly rules: readonly Rule[];
  readonly failurePolicy: 'Fail' | 'Ignore';
  /** Undefined: it matches everything. */
  readonly namespaceSelector: ((labels: Labels) => boolean) | undefined;
  readonly objectSelector: ((labels: Labels) => boolean) | undefined;
  readonly conditions: Conditions | undefined;
  readonly sideEffects: string;
  readonly timeoutSeconds: number;
  readonly reinvocation: 'Never' | 'IfNeeded';
  readonly reviewVersions: readonly string[];
  /** `https://...` without query. */
  readonly url: string;
  /** PEM; undefined: the system's. */
  readonly ca: string | undefined;
}

/** By name of the configuration, then in the order of its list. */
export function hooksOf(type: HookType, configurations: Iterable<JsonObject>): readonly Hook[] {
  return [...configurations]
    .map((object) => ({ object, name: text(object, 'metadata.name') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ object, name }) =>
      listAt(object, 'webhooks').map((webhook, index) => toHook(type, { name, index, webhook })),
    );
}

interface Entry {
  readonly name: string;
  readonly index: number;
  readonly webhook: unknown;
}

const DEFAULT_TIMEOUT_SECONDS = 10;

function toHook(type: HookType, { name: configuration, index, webhook }: Entry): Hook {
  const name = text(webhook, 'name');
  const timeout = at(webhook, 'timeoutSeconds');
  return {
    type,
    name,
    configuration,
    id: JSON.stringify([configuration, name, index]),
    rules: listAt(webhook, 'rules').map(toRule),
    failurePolicy: at(webhook, 'failurePolicy') === 'Ignore' ? 'Ignore' : 'Fail',
    namespaceSelector: selectorOf(at(webhook, 'namespaceSelector')),
    objectSelector: selectorOf(at(webhook, 'objectSelector')),
    conditions: compileConditions(listAt(webhook, 'matchConditions')),
    sideEffects: text(webhook, 'sideEffects'),
    timeoutSeconds: typeof timeout === 'number' ? timeout : DEFAULT_TIMEOUT_SECONDS,
    reinvocation: at(webhook, 'reinvocationPolicy') === 'IfNeeded' ? 'IfNeeded' : 'Never',
    reviewVersions: texts(at(webhook, 'admissionReviewVersions')),
    url: addressOf(webhook),
    ca: caOf(text(webhook, 'clientConfig.caBundle')),
  };
}

const toRule = (rule: unknown): Rule => ({
  operations: texts(at(rule, 'operations')),
  apiGroups: texts(at(rule, 'apiGroups')),
  apiVersions: texts(at(rule, 'apiVersions')),
  resources: texts(at(rule, 'resources')),
  scope: text(rule, 'scope') || '*',
});

/** What cannot be read as a selector selects everything: asking too often is better than not asking. */
function selectorOf(selector: unknown): Hook['namespaceSelector'] {
  const isEmpty = !isObject(selector) || Object.keys(selector).length === 0;
  return isEmpty ? undefined : compileSelector(selector);
}

const DEFAULT_PORT = 443;

function addressOf(webhook: unknown): string {
  const url = text(webhook, 'clientConfig.url');
  if (url !== '') return url;
  const service = at(webhook, 'clientConfig.service');
  const port = at(service, 'port');
  const path = text(service, 'path');
  const host = `${text(service, 'name')}.${text(service, 'namespace')}.svc`;
  return `https://${host}:${typeof port === 'number' ? port : DEFAULT_PORT}${path.startsWith('/') ? '' : '/'}${path}`;
}

const caOf = (bundle: string): string | undefined =>
  bundle === '' ? undefined : Buffer.from(bundle, 'base64').toString('utf8');

function text(value: unknown, path: string): string {
  const found = at(value, path);
  return typeof found === 'string' ? found : '';
}

function listAt(value: unknown, path: string): readonly unknown[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
