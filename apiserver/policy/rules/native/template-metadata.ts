/**
 * What a template says of the objects made from it is held to the rule about their own metadata: the programs that
 * make them copy it. Only what comes is refused, so that what is there from before can be taken away.
 */
import { isObject, type JsonObject } from '../../../api/json.ts';
import type { TenantIdentity } from '../../engine.ts';
import { METADATA_PATHS } from '../../native/metadata-paths.ts';
import { placesAt } from '../../native/pods.ts';
import { resourceOf } from '../../native/resource.ts';
import { finalizersIn, isForPeople, isReserved, isTrue, mapIn } from '../../reserved-keys.ts';
import { reservedKey } from '../reserved-metadata.ts';
import type { Rule, Violation } from '../rule.ts';
import { nativeRule, type NativeSubject } from './native-rule.ts';

export const templateMetadata: Rule = nativeRule('template-metadata', [...METADATA_PATHS.keys()], (subject) =>
  (METADATA_PATHS.get(resourceOf(subject.request)) ?? [])
    .flatMap((field) => placesAt(subject.object, field))
    .flatMap(({ path, value }) => (isObject(value) ? claims(value, path, subject) : [])),
);

function claims(metadata: JsonObject, path: string, { kind, tenant }: NativeSubject): readonly Violation[] {
  const keys = (section: 'labels' | 'annotations'): readonly string[] =>
    Object.entries(mapIn(metadata, section))
      .filter(
        ([key, value]) => isReserved(key) && !isForPeople(kind, key) && !isSo(section, [key, value], tenant),
      )
      .map(([key]) => key);
  const finalizers = [...finalizersIn(metadata).entries()].filter(
    (entry): entry is [number, string] => typeof entry[1] === 'string' && isReserved(entry[1]),
  );
  return [
    ...keys('labels').map((key) => reservedKey(`${path}.labels[${key}]`, key)),
    ...keys('annotations').map((key) => reservedKey(`${path}.annotations[${key}]`, key)),
    ...finalizers.map(([index, key]) => reservedKey(`${path}.finalizers[${index}]`, key)),
  ];
}

/** Tenancy is said by labels. */
const isSo = (section: string, [key, value]: readonly [string, unknown], tenant: TenantIdentity): boolean =>
  section === 'labels' && isTrue(key, value, tenant);
