/**
 * Removes what an owner applied last time, does not apply now, and nobody else owns. Named fields such as `spec`
 * go with the last thing in them.
 * source: structured-merge-diff merge/update.go prune.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import type { Atom } from './atom.ts';
import { FieldSet } from './field-set.ts';
import { withNamedFields } from './named-fields.ts';
import { fieldSetOf } from './owned-fields.ts';
import type { Owners } from './owners.ts';
import { removeItems } from './remove-items.ts';

export interface Pruning {
  /** The configuration laid over the object. */
  readonly merged: JsonObject;
  /** What this owner applied last time. */
  readonly last: FieldSet;
  /** Everybody, this owner with what it applies now. */
  readonly owners: Owners;
}

/**
 * Three passes: take everything of last time out, add back what anybody owns, then add back what was not of last
 * time, such as defaults, which nobody owns. Emptied containers become null.
 */
export function prune(atom: Atom, pruning: Pruning): JsonObject {
  const { merged, last } = pruning;
  if (last.isEmpty) return merged;
  const named = (set: FieldSet): FieldSet => withNamedFields(atom, set);
  const namedIn = (value: Json): FieldSet => named(fieldSetOf(atom, value));
  let owned = new FieldSet();
  for (const owner of pruning.owners.values()) owned = owned.union(owner.set);

  const all = namedIn(merged);
  const withoutLast = removeItems(atom, merged, named(last));
  const unowned = all.difference(namedIn(withoutLast).union(named(owned)));
  const withOwned = removeItems(atom, merged, unowned);
  const toGo = all.difference(namedIn(withOwned)).intersection(named(last));
  const pruned = removeItems(atom, merged, toGo);
  return isObject(pruned) ? pruned : {};
}
