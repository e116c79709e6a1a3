/**
 * One apply: lay the configuration over the object, take out what this owner applied before and nobody wants
 * any more, and settle who owns what.
 * source: structured-merge-diff merge/update.go.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import type { Atom } from './atom.ts';
import { compare, type Comparison } from './compare.ts';
import { ownable, type Endpoint } from './endpoint.ts';
import { FieldSet } from './field-set.ts';
import { merge } from './merge.ts';
import { withNamedFields } from './named-fields.ts';
import { fieldSetOf } from './owned-fields.ts';
import { current } from './owners-after-update.ts';
import { ownerId, timestamp, type Owner, type Owners } from './owners.ts';
import { removeItems } from './remove-items.ts';
import { settle, type Conflict } from './settle.ts';
import { sameValue } from './values.ts';

export interface Application {
  readonly live: JsonObject;
  readonly config: JsonObject;
  readonly manager: string;
  readonly nowMs: number;
}

export interface Applied {
  /** The merged object; undefined when it is the live one. Emptied containers are null in it. */
  readonly object: JsonObject | undefined;
  /** As if forced. */
  readonly owners: Map<string, Owner>;
  /** Fields that others own and this apply changes. */
  readonly conflicts: readonly Conflict[];
}

/** `owners` belong to `live`. Throws `UnaddressableItem` when live or config hold lists that cannot be walked. */
export function applyOwners(endpoint: Endpoint, owners: Owners, application: Application): Applied {
  const { live, config, manager } = application;
  const { atom, apiVersion, subresource } = endpoint;
  const name = { manager, operation: 'Apply', apiVersion, subresource } as const;
  const id = ownerId(name);
  const claimed = current(endpoint, owners);
  const last = claimed.get(id)?.set;
  const time = owners.get(id)?.time;
  const set = endpoint.owned(fieldSetOf(atom, config));
  claimed.set(id, { ...name, set, time });
  const merged = prune(atom, { merged: objectOr(merge(atom, live, config)), owners: claimed, last, set });
  const isNoop = sameValue(live, merged);
  const { owners: after, conflicts } = settle(
    claimed,
    isNoop ? NO_CHANGE : changes(endpoint, live, merged),
    id,
  );
  const kept = ownable(set);
  if (kept.isEmpty) after.delete(id);
  else after.set(id, { ...name, set: kept, time: isNoop ? time : timestamp(application.nowMs) });
  return { object: isNoop ? undefined : merged, owners: after, conflicts };
}

const NO_CHANGE: Comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };

function changes(endpoint: Endpoint, live: JsonObject, merged: JsonObject): Comparison {
  const { added, modified, removed } = compare(endpoint.atom, live, merged);
  return {
    added: endpoint.owned(added),
    modified: endpoint.owned(modified),
    removed: endpoint.owned(removed),
  };
}

const objectOr = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

interface Pruning {
  readonly merged: JsonObject;
  readonly owners: Owners;
  /** What this owner applied last time. */
  readonly last: FieldSet | undefined;
  /** What it applies now. */
  readonly set: FieldSet;
}

/**
 * Removes what was applied last time, is not applied now, and is owned by nobody else. Named fields go with
 * their content. Three passes: take everything of last time out, add back what anybody owns, then add back what
 * was not of last time (owned by nobody, such as defaults).
 */
function prune(atom: Atom, pruning: Pruning): JsonObject {
  const { merged, last } = pruning;
  if (last === undefined || last.isEmpty || last.equals(ownable(pruning.set))) return merged;
  const named = (set: FieldSet): FieldSet => withNamedFields(atom, set);
  const all = named(fieldSetOf(atom, merged));
  let owned = new FieldSet();
  for (const owner of pruning.owners.values()) owned = owned.union(owner.set);

  const without = removeItems(atom, merged, named(last));
  const unowned = all.difference(named(fieldSetOf(atom, without)).union(named(owned)));
  const keepingOwned = removeItems(atom, merged, unowned);
  const goingToGo = all.difference(named(fieldSetOf(atom, keepingOwned)));
  return objectOr(removeItems(atom, merged, goingToGo.intersection(named(last))));
}
