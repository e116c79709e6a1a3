/** Who owns what after an update: the updater takes what it changed, everybody loses what is gone. */
import { isObject, type JsonObject } from '../../api/json.ts';
import { capUpdaters } from './cap-updaters.ts';
import { compare } from './compare.ts';
import type { FieldSet } from './field-set.ts';
import { ownable, type Endpoint } from './endpoint.ts';
import { timestamp } from '../../runtime/clock.ts';
import { ownerId, withSet, type Owner, type Owners } from './owners.ts';
import { reconcile } from './reconcile.ts';
import { settle } from './settle.ts';
import { setField } from './values.ts';

export interface Update {
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly manager: string;
  readonly nowMs: number;
}

/** No owner has this identifier: an updater's own earlier entry is settled like everybody else's. */
const NOBODY = '';

/** Throws `UnaddressableItem` for objects whose lists cannot be walked. */
export function ownersAfterUpdate(endpoint: Endpoint, owners: Owners, update: Update): Map<string, Owner> {
  const comparison = compare(
    endpoint.atom,
    writable(endpoint, update.before),
    writable(endpoint, update.after),
  );
  const held = current(endpoint, owners);
  const changed = comparison.modified.union(comparison.added);
  const taken = ownable(endpoint.owned(changed));
  if (taken.isEmpty) return capped(settle(held, comparison, NOBODY).owners);
  const name = {
    manager: update.manager,
    operation: 'Update',
    apiVersion: endpoint.apiVersion,
    subresource: endpoint.subresource,
  } as const;
  const id = ownerId(name);
  const time = timestamp(update.nowMs);
  const own = held.get(id);
  // Who writes again what is its own already keeps its entry, in its stored form, but for the time.
  if (own !== undefined && comparison.removed.isEmpty && isRetaken(own.set, changed, taken)) {
    const settled = settle(held, comparison, id).owners;
    settled.set(id, { ...own, time });
    return capped(settled);
  }
  const settled = settle(held, comparison, NOBODY).owners;
  const earlier = settled.get(id)?.set;
  settled.set(id, { ...name, set: earlier === undefined ? taken : taken.union(earlier), time });
  return capped(settled);
}

/** True when the updater loses nothing of its set to the change that it does not take again, and takes nothing new. */
const isRetaken = (set: FieldSet, changed: FieldSet, taken: FieldSet): boolean =>
  set.holds(taken) && taken.holds(set.intersection(changed));

function capped(owners: Map<string, Owner>): Map<string, Owner> {
  capUpdaters(owners);
  return owners;
}

/** Only what the endpoint can change; managedFields itself is nobody's and never compared. */
export function writable(endpoint: Endpoint, object: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const name of Object.keys(object)) {
    if (endpoint.writes(name)) setField(out, name, object[name] ?? null);
  }
  const metadata = out['metadata'];
  if (!isObject(metadata)) return out;
  const { managedFields: _nobodys, ...owned } = metadata;
  out['metadata'] = owned;
  return out;
}

/** Entries of versions that are not served are dropped, the others brought to the schema of today. */
export function current(endpoint: Endpoint, owners: Owners): Map<string, Owner> {
  const out = new Map<string, Owner>();
  for (const [id, owner] of owners) {
    if (owner.apiVersion !== endpoint.apiVersion) continue;
    const set = reconcile(endpoint.atom, owner.set);
    out.set(id, set === owner.set ? owner : withSet(owner, set));
  }
  return out;
}
