/**
 * What a template says of the objects made from it is held to the rule about their own metadata: the programs that
 * make them copy it. What was there before may stay or go.
 */
import { isObject, type JsonObject } from '../../../api/json.ts';
import type { Kind } from '../../../api/kind.ts';
import { kindOf } from '../../actions.ts';
import type { TenantIdentity } from '../../engine.ts';
import { METADATA_PATHS } from '../../native/metadata-paths.ts';
import { placesAt, type Place } from '../../native/pods.ts';
import { finalizersIn, isForPeople, isReserved, isTrue, mapIn, SECTIONS } from '../../reserved-keys.ts';
import { reservedKey } from '../reserved-metadata.ts';
import { isTrusted, NONE, type Rule } from '../rule.ts';

export const templateMetadata: Rule = {
  name: 'template-metadata',
  check: (request, context) => {
    const { kind, namespace, object, oldObject, user } = request;
    const paths = kind.origin === 'native' ? METADATA_PATHS.get(kindOf(kind.group, kind.plural)) : undefined;
    if (paths === undefined || object === undefined || isTrusted(user, context)) return NONE;
    const tenant = context.engine.tenantOf(namespace);
    if (tenant === undefined) return NONE;
    const marks = marksIn(object, paths).filter((mark) => isClaim(mark, kind, tenant));
    if (marks.length === 0) return NONE;
    const before = new Set(marksIn(oldObject, paths).map(({ id }) => id));
    return marks
      .filter(({ id }) => !before.has(id))
      .map(({ field, section, key }) =>
        reservedKey(section === 'finalizers' ? field : `${field}[${key}]`, key),
      );
  },
};

interface Mark {
  /** With list positions; these move when others come and go, so `id` has none. */
  readonly field: string;
  readonly section: (typeof SECTIONS)[number] | 'finalizers';
  readonly key: string;
  readonly value: unknown;
  readonly id: string;
}

function isClaim({ section, key, value }: Mark, kind: Kind, tenant: TenantIdentity): boolean {
  if (section === 'finalizers') return true;
  return !isForPeople(kind, key) && !(section === 'labels' && isTrue(key, value, tenant));
}

/** Every reserved key below the paths. */
const marksIn = (object: JsonObject | undefined, paths: readonly string[]): readonly Mark[] =>
  paths.flatMap((path) =>
    placesAt(object, path).flatMap((place) => (isObject(place.value) ? marksAt(path, place) : [])),
  );

function marksAt(path: string, place: Place): readonly Mark[] {
  const metadata = place.value as JsonObject;
  const mark = (section: Mark['section'], key: string, value: unknown): Mark => ({
    field: `${place.path}.${section}`,
    section,
    key,
    value,
    id: JSON.stringify([path, section, key, value]),
  });
  const marks = SECTIONS.flatMap((section) =>
    Object.entries(mapIn(metadata, section))
      .filter(([key]) => isReserved(key))
      .map(([key, value]) => mark(section, key, value)),
  );
  const finalizers = finalizersIn(metadata)
    .filter((key): key is string => typeof key === 'string' && isReserved(key))
    .map((key) => mark('finalizers', key, ''));
  return [...marks, ...finalizers];
}
