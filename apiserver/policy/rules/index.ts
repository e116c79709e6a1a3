/** Every admission rule in the order of evaluation: identity and tenancy first, then content. One line per rule. */
import { advice } from './advice.ts';
import { deletionProtection } from './deletion-protection.ts';
import { depotCredentials } from './depot-credentials.ts';
import { escalation } from './escalation.ts';
import { objectAccess } from './object-access.ts';
import { placement } from './placement.ts';
import { policyValidity } from './policy-validity.ts';
import { readOnlyKinds } from './read-only-kinds.ts';
import { references } from './references.ts';
import { reservedMetadata } from './reserved-metadata.ts';
import type { Rule } from './rule.ts';
import { sealedForm } from './sealed-form.ts';
import { statusWrites } from './status-writes.ts';
import { takenNames } from './taken-names.ts';
import { tenantNamespaces } from './tenant-namespaces.ts';
import { tenantSuspended } from './tenant-suspended.ts';

export const RULES: readonly Rule[] = [
  statusWrites,
  readOnlyKinds,
  reservedMetadata,
  tenantNamespaces,
  tenantSuspended,
  objectAccess,
  references,
  sealedForm,
  depotCredentials,
  placement,
  takenNames,
  policyValidity,
  escalation,
  deletionProtection,
  advice,
];
