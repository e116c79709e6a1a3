/**
 * Break-glass as it stands in our webhook configurations: annotations say who let what go until when, the entries
 * they name carry failurePolicy Ignore. Everything is in the object, so any process can put it back after a restart.
 */
import { BREAK_GLASS_ANNOTATION } from '../api/identity.ts';
import { at, isObject, type JsonObject } from '../api/json.ts';
import { timestamp } from '../runtime/clock.ts';

/** Annotations of a configuration while break-glass is on. */
export const ANNOTATIONS = {
  until: 'polder.dev/break-glass-until',
  by: 'polder.dev/break-glass-by',
  reason: BREAK_GLASS_ANNOTATION,
  entries: 'polder.dev/break-glass-entries',
} as const;

/** Longest time for which the glass may be broken at once. */
export const MAX_BREAK_GLASS_MS = 4 * 3_600_000;
/** Clocks of two machines may differ by this much. */
const SKEW_MS = 5 * 60_000;

export interface BreakGlass {
  /** Milliseconds since the epoch; NaN when nobody can tell. */
  readonly untilMs: number;
  /** User name. */
  readonly by: string;
  readonly reason: string;
  /** Names of the entries that were let go. */
  readonly entries: readonly string[];
}

/**
 * What may be let go: what keeps tenants apart, and what changes objects before, without which nothing can be made
 * while nobody answers. Connections into pods stay closed.
 */
export const isBreakable = (entry: string): boolean => /(^|\.)(isolation|mutate)\.polder\.dev$/.test(entry);

/** Undefined while it is off. */
export function breakGlassOf(configuration: JsonObject): BreakGlass | undefined {
  const found = at(configuration, 'metadata.annotations');
  const annotations = isObject(found) ? found : {};
  const text = (key: string): string => {
    const value = Object.hasOwn(annotations, key) ? annotations[key] : undefined;
    return typeof value === 'string' ? value : '';
  };
  const { until, by, reason, entries } = ANNOTATIONS;
  if (!Object.values(ANNOTATIONS).some((key) => Object.hasOwn(annotations, key))) return undefined;
  const named = text(entries)
    .split(',')
    .filter((name) => name !== '');
  return {
    untilMs: Date.parse(text(until)),
    by: text(by),
    reason: text(reason),
    // Whoever takes the list away keeps nothing open by it.
    entries: named.length > 0 ? named : namesOf(configuration).filter(isBreakable),
  };
}

/** Also over: a deadline that cannot be read, and one that is further away than anybody may ask for. */
export const isOver = ({ untilMs }: BreakGlass, nowMs: number): boolean =>
  !(untilMs > nowMs && untilMs <= nowMs + MAX_BREAK_GLASS_MS + SKEW_MS);

/** Whether anything is let go by it: somebody may have put the entries back, by `kubectl apply` for example. */
export const letsGo = (configuration: JsonObject, { entries }: BreakGlass): boolean =>
  hooksOf(configuration).some((hook) => entries.includes(nameOf(hook)) && hook['failurePolicy'] === 'Ignore');

/**
 * What is let go without annotations that say so; undefined: nothing. The owner of a configuration may want it so, which
 * only a person can tell.
 */
export function openWithoutTrace(configuration: JsonObject): BreakGlass | undefined {
  const entries = hooksOf(configuration)
    .filter((hook) => isBreakable(nameOf(hook)) && hook['failurePolicy'] === 'Ignore')
    .map(nameOf);
  return entries.length === 0 ? undefined : { untilMs: Number.NaN, by: '', reason: '', entries };
}

/** The merge patch that breaks the glass, or lengthens or shortens the time; undefined: nothing can be let go. */
export function opening(
  configuration: JsonObject,
  wanted: Pick<BreakGlass, 'untilMs' | 'by' | 'reason'>,
): { readonly patch: JsonObject; readonly entries: readonly string[] } | undefined {
  const before = breakGlassOf(configuration)?.entries ?? [];
  const closed = hooksOf(configuration)
    .filter((hook) => isBreakable(nameOf(hook)) && hook['failurePolicy'] !== 'Ignore')
    .map(nameOf);
  const entries = [...new Set([...before, ...closed])];
  if (entries.length === 0) return undefined;
  const annotations = {
    [ANNOTATIONS.until]: timestamp(wanted.untilMs),
    [ANNOTATIONS.by]: wanted.by,
    [ANNOTATIONS.reason]: wanted.reason,
    [ANNOTATIONS.entries]: entries.join(','),
  };
  return { patch: patchOf(configuration, annotations, { entries, failurePolicy: 'Ignore' }), entries };
}

/** The merge patch that puts back what was let go. */
export const closing = (configuration: JsonObject, { entries }: BreakGlass): JsonObject =>
  patchOf(configuration, Object.fromEntries(Object.values(ANNOTATIONS).map((key) => [key, null])), {
    entries,
    failurePolicy: 'Fail',
  });

/** Holds for the object as it was read only. A merge patch takes a list as a whole. */
function patchOf(
  configuration: JsonObject,
  annotations: JsonObject,
  { entries, failurePolicy }: { readonly entries: readonly string[]; readonly failurePolicy: string },
): JsonObject {
  return {
    metadata: { resourceVersion: String(at(configuration, 'metadata.resourceVersion')), annotations },
    webhooks: hooksOf(configuration).map((hook) =>
      entries.includes(nameOf(hook)) ? { ...hook, failurePolicy } : hook,
    ),
  };
}

/** Names of the entries of a configuration that stop a request when nobody answers. */
export const failingEntries = (configuration: JsonObject): readonly string[] =>
  hooksOf(configuration)
    .filter((hook) => hook['failurePolicy'] !== 'Ignore')
    .map(nameOf);

const namesOf = (configuration: JsonObject): readonly string[] => hooksOf(configuration).map(nameOf);

const hooksOf = (configuration: JsonObject): readonly JsonObject[] => {
  const hooks = configuration['webhooks'];
  return Array.isArray(hooks) ? hooks.filter(isObject) : [];
};

const nameOf = (hook: JsonObject): string => (typeof hook['name'] === 'string' ? hook['name'] : '');
