/** What an AccessPolicy can grant at all: administrators of tenants hand out what their role holds, and no more. */
import type { Action, ActionTable } from './actions.ts';
import { TENANT_ADMIN_ROLE } from './denial.ts';
import { glob } from './model.ts';

export interface TenantReach {
  /** The same for everybody: the role is public. */
  readonly grantable: (kind: string, verb: string) => boolean;
  /** The role changed. */
  readonly forget: () => void;
}

export function createTenantReach(
  roleActions: (role: string) => readonly string[],
  table: ActionTable,
): TenantReach {
  let held: readonly Action[] | undefined;
  const read = (): readonly Action[] =>
    roleActions(TENANT_ADMIN_ROLE).flatMap((text) => table.action(text) ?? []);
  return {
    grantable: (kind, verb) => {
      held ??= read();
      return held.some((action) => glob(verb, action.verb) && action.kinds.some((each) => glob(kind, each)));
    },
    forget: () => {
      held = undefined;
    },
  };
}
