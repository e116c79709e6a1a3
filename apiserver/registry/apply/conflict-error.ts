/** The 409 of an apply, in the words that kubectl and people know. source: managedfields internal/conflict.go. */
import { ApiError } from '../../api/errors.ts';
import { goQuoted } from './go-text.ts';
import type { Owner } from './owners.ts';
import { printPath } from './path-element.ts';
import type { Conflict } from './settle.ts';

export function conflictError(conflicts: readonly Conflict[]): ApiError {
  const causes = conflicts.map((conflict) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${printOwner(conflict.owner)}`,
    field: printPath(conflict.path),
  }));
  return new ApiError('Conflict', messageOf(conflicts), { details: { causes } });
}

function messageOf(conflicts: readonly Conflict[]): string {
  const [only] = conflicts;
  if (only !== undefined && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${printOwner(only.owner)}: ${printPath(only.path)}`;
  }
  const lines: string[] = [];
  let owner = '';
  for (const conflict of conflicts) {
    if (conflict.id !== owner) lines.push(`conflicts with ${printOwner(conflict.owner)}:`);
    owner = conflict.id;
    lines.push(`- ${printPath(conflict.path)}`);
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

/** The version is named for updaters only: an applier has one entry over all versions. */
function printOwner(owner: Owner): string {
  const subresource = owner.subresource === '' ? '' : ` with subresource ${goQuoted(owner.subresource)}`;
  const version = owner.operation === 'Update' ? ` using ${owner.apiVersion}` : '';
  return `${goQuoted(owner.manager)}${subresource}${version}`;
}
