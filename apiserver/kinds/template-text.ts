/** Variables in manifests of templates: `{{ name }}` inside any string. */
import type { Json } from '../api/json.ts';

/** Set by the controllers from the data cluster a template is rendered for; nobody else may set them. */
export const RESERVED_VARIABLES = ['namespace', 'tenant', 'cluster', 'slug', 'plane', 'region'] as const;

const VARIABLE = /\{\{\s*([A-Za-z][A-Za-z0-9_]{0,62})\s*\}\}/g;
const BRACES = /\{\{([^{}]*)\}\}/g;
const MAX_DEPTH = 64;

/** One use of a variable, and where it stands. `name` is undefined when what stands in the braces is no name. */
export interface VariableUse {
  readonly name: string | undefined;
  readonly field: string;
}

/** Every use of a variable below a value, keys included, with its field path. */
export function variablesOf(value: Json, field: string): readonly VariableUse[] {
  const found: VariableUse[] = [];
  walk(value, field, MAX_DEPTH, (text, at) => {
    for (const [whole] of text.matchAll(BRACES)) {
      found.push({ name: [...whole.matchAll(VARIABLE)][0]?.[1], field: at });
    }
  });
  return found;
}

function walk(value: Json, field: string, depth: number, see: (text: string, field: string) => void): void {
  if (typeof value === 'string') see(value, field);
  if (typeof value !== 'object' || value === null || depth === 0) return;
  if (Array.isArray(value)) {
    for (const [index, item] of (value as readonly Json[]).entries())
      walk(item, `${field}[${index}]`, depth - 1, see);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    see(key, `${field}.${key}`);
    walk(item, `${field}.${key}`, depth - 1, see);
  }
}
