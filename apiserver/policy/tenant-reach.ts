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

const MAX_ANSWERS = 512;

export function createTenantReach(
  roleActions: (role: string) => readonly string[],
  table: ActionTable,
): TenantReach {
  let held: readonly Action[] | undefined;
  /** A list may refuse thousands of objects one by one. */
  const answers = new Map<string, boolean>();
  const read = (): readonly Action[] =>
    roleActions(TENANT_ADMIN_ROLE).flatMap((text) => table.action(text) ?? []);
  return {
    grantable: (kind, verb) => {
      const key = `${verb} ${kind}`;
      const known = answers.get(key);
      if (known !== undefined) return known;
      held ??= read();
      const answer = held.some(
        (action) => glob(verb, action.verb) && action.kinds.some((each) => glob(kind, each)),
      );
      // Words of a review are whatever the asker typed: forget everything before that fills the memory.
      if (answers.size >= MAX_ANSWERS) answers.clear();
      answers.set(key, answer);
      return answer;
    },
    forget: () => {
      held = undefined;
      answers.clear();
    },
  };
}
