/** JSON values as this code base handles them, and the few accessors that cross the edge from unknown. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads a dotted path (no lists) from untrusted data; own properties only. */
export function at(value: unknown, path: string): unknown {
  let current: unknown = value;
  for (const step of stepsOf(path)) {
    if (!isObject(current) || !Object.hasOwn(current, step)) return undefined;
    current = current[step];
  }
  return current;
}

/** Paths are written in code and in kinds, so there are few of them; the bound is for those that are put together. */
const MAX_PATHS = 1024;
const paths = new Map<string, readonly string[]>();

function stepsOf(path: string): readonly string[] {
  const known = paths.get(path);
  if (known !== undefined) return known;
  const steps = path.split('.');
  if (paths.size < MAX_PATHS) paths.set(path, steps);
  return steps;
}
