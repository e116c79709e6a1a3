/** Where two values differ, path by path. */

export interface Difference {
  /** Such as `body.details.causes[0].message`. */
  readonly path: string;
  /** Undefined: absent. */
  readonly ours: unknown;
  readonly twin: unknown;
}

export function differencesOf(ours: unknown, twin: unknown, path = ''): readonly Difference[] {
  if (Object.is(ours, twin)) return [];
  if (Array.isArray(ours) && Array.isArray(twin)) {
    const length = Math.max(ours.length, twin.length);
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      differencesOf(ours[index], twin[index], `${path}[${index}]`),
    );
  }
  if (isFields(ours) && isFields(twin)) {
    const keys = new Set([...Object.keys(ours), ...Object.keys(twin)]);
    return [...keys].flatMap((key) =>
      differencesOf(own(ours, key), own(twin, key), path === '' ? key : `${path}.${key}`),
    );
  }
  return [{ path, ours, twin }];
}

const own = (fields: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(fields, key) ? fields[key] : undefined;
const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
