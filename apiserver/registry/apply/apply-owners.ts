/**
 * One apply: lay the configuration over the object, take out what this owner applied before and nobody wants
 * any more, and settle who owns what.
 * source: structured-merge-diff merge/update.go.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import { compare, type Comparison } from './compare.ts';
import { ownable, type Endpoint } from './endpoint.ts';
import { FieldSet } from './field-set.ts';
import { merge } from './merge.ts';
import { fieldSetOf } from './owned-fields.ts';
import { current } from './owners-after-update.ts';
import { timestamp } from '../../runtime/clock.ts';
import { ownerId, type Owner, type Owners } from './owners.ts';
import { prune } from './prune.ts';
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

  const laid = objectOr(merge(atom, live, config));
  const states = ownable(set);
  const isPruned = last !== undefined && !(last.equals(states) && holdsNothingEmpty(config));
  const merged = isPruned ? prune(atom, { merged: laid, last, owners: claimed }) : laid;

  const isNoop = sameValue(live, merged);
  const comparison = isNoop ? NO_CHANGE : changes(endpoint, live, merged);
  const { owners: after, conflicts } = settle(claimed, comparison, id);
  if (states.isEmpty) after.delete(id);
  else after.set(id, { ...name, set: states, time: isNoop ? time : timestamp(application.nowMs) });
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

/**
 * Who applies the same fields again has nothing to prune. The exception: owning an empty map or a null is owning
 * nothing once others have put something there, and then pruning may take it away.
 */
function holdsNothingEmpty(value: Json): boolean {
  if (Array.isArray(value)) return value.every(holdsNothingEmpty);
  if (!isObject(value)) return value !== null;
  const names = Object.keys(value);
  return names.length > 0 && names.every((name) => holdsNothingEmpty(value[name] ?? null));
}
