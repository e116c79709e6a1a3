/** What a change takes from the other owners, and with whom it therefore conflicts. */
import type { Comparison } from './compare.ts';
import type { Owner, Owners } from './owners.ts';
import { withSet } from './owners.ts';
import { FieldSet } from './field-set.ts';
import type { Path } from './path-element.ts';

export interface Conflict {
  readonly id: string;
  readonly owner: Owner;
  readonly path: Path;
}

export interface Settlement {
  /** After the change, supposing that it is forced; owners of nothing are gone. */
  readonly owners: Map<string, Owner>;
  /** In the order of the owners' identifiers, then of the paths. */
  readonly conflicts: readonly Conflict[];
}

/**
 * Others lose what was added or changed (a conflict) and what was removed (none). `actor` is the identifier of
 * the owner that makes the change.
 * source: structured-merge-diff merge/update.go.
 */
export function settle(owners: Owners, comparison: Comparison, actor: string): Settlement {
  const { added, modified, removed } = comparison;
  const changed = modified.union(added);
  const after = new Map<string, Owner>();
  const conflicts: Conflict[] = [];
  for (const id of [...owners.keys()].sort()) {
    const owner = owners.get(id);
    if (owner === undefined) continue;
    const kept = id === actor ? owner : lose(owner, { id, changed, removed, conflicts });
    if (!kept.set.isEmpty) after.set(id, kept);
  }
  return { owners: after, conflicts };
}

interface Losses {
  readonly id: string;
  readonly changed: FieldSet;
  readonly removed: FieldSet;
  readonly conflicts: Conflict[];
}

function lose(owner: Owner, losses: Losses): Owner {
  const taken = owner.set.intersection(losses.changed);
  const gone = owner.set.intersection(losses.removed);
  if (taken.isEmpty && gone.isEmpty) return owner;
  for (const path of taken.paths()) losses.conflicts.push({ id: losses.id, owner, path });
  return withSet(owner, owner.set.difference(taken).difference(gone));
}

/** The paths of conflicts as one set. */
export const conflictSet = (conflicts: readonly Conflict[]): FieldSet =>
  FieldSet.of(...conflicts.map((conflict) => conflict.path));
