/** Manifests of NamespaceTemplates with their variables filled in. Pure and deterministic. */
import { isObject, type Json, type JsonObject } from '../../../apiserver/api/json.ts';
import type { NamespaceTemplate } from '../../../apiserver/kinds/namespace-template.ts';
import type { RESERVED_VARIABLES } from '../../../apiserver/kinds/template-text.ts';
import { compileSelector } from '../../../apiserver/policy/operators.ts';

/** Filled in by us; whatever a tenant sets under these names is ignored. */
export type Facts = Readonly<Record<(typeof RESERVED_VARIABLES)[number], string>>;

interface Target {
  readonly facts: Facts;
  readonly tenantLabels: Readonly<Record<string, string>> | undefined;
  /** Later ones win: those of the tenant, then those of the data cluster. */
  readonly values: readonly (Readonly<Record<string, string>> | undefined)[];
}

export interface RenderedTemplates {
  readonly manifests: readonly JsonObject[];
  /** A template that lacks a value is left out as a whole; one sentence each. */
  readonly problems: readonly string[];
}

/** Templates of the tenant by `spec.order`, then by name. */
export function renderTemplates(templates: readonly NamespaceTemplate[], target: Target): RenderedTemplates {
  const manifests: JsonObject[] = [];
  const problems: string[] = [];
  for (const template of inOrder(templates)) {
    if (!isFor(template, target.tenantLabels)) continue;
    const { values, missing } = valuesFor(template, target);
    if (missing.length > 0) {
      problems.push(`template "${template.metadata.name}" needs ${missing.join(', ')} in templateValues`);
      continue;
    }
    for (const manifest of template.spec.manifests) {
      manifests.push(intoNamespace(fill(manifest, values) as JsonObject, target.facts.namespace));
    }
  }
  return { manifests, problems };
}

/** Whether a tenant with these labels gets the template. */
export const isFor = ({ spec }: NamespaceTemplate, labels: Readonly<Record<string, string>> = {}): boolean =>
  spec.selector === undefined || compileSelector(spec.selector)?.(labels) === true;

const inOrder = (templates: readonly NamespaceTemplate[]): readonly NamespaceTemplate[] =>
  [...templates].sort((a, b) => {
    if (a.spec.order !== b.spec.order) return a.spec.order - b.spec.order;
    return a.metadata.name < b.metadata.name ? -1 : 1;
  });

function valuesFor(
  template: NamespaceTemplate,
  target: Target,
): { readonly values: ReadonlyMap<string, string>; readonly missing: readonly string[] } {
  const values = new Map<string, string>();
  const missing: string[] = [];
  for (const [name, declared] of Object.entries(template.spec.variables ?? {})) {
    const given = target.values.map((each) => own(each, name)).findLast((value) => value !== undefined);
    const value = given ?? declared.default;
    if (value !== undefined) values.set(name, value);
    else if (declared.required) missing.push(name);
    else values.set(name, '');
  }
  for (const [name, value] of Object.entries(target.facts)) values.set(name, value);
  return { values, missing };
}

const own = (values: Readonly<Record<string, string>> | undefined, name: string): string | undefined =>
  values !== undefined && Object.hasOwn(values, name) ? values[name] : undefined;

const VARIABLE = /\{\{\s*([A-Za-z][A-Za-z0-9_]{0,62})\s*\}\}/g;

/** One pass: what a value contains is never looked at again, so a value cannot name another variable. */
function fill(value: Json, values: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') {
    return value.replace(VARIABLE, (whole, name: string) => values.get(name) ?? whole);
  }
  if (Array.isArray(value)) return value.map((item: Json) => fill(item, values));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [fill(key, values) as string, fill(item, values)]),
  );
}

function intoNamespace(manifest: JsonObject, namespace: string): JsonObject {
  const metadata = isObject(manifest['metadata']) ? manifest['metadata'] : {};
  const labels = isObject(metadata['labels']) ? metadata['labels'] : {};
  const managed = { ...labels, 'app.kubernetes.io/managed-by': 'polder' };
  return { ...manifest, metadata: { ...metadata, namespace, labels: managed } };
}
