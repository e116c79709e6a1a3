/**
 * A workload finds its pods by labels, and each pod of a tenant gets the tenant's. A selector that such a pod does not
 * match would have its controller make pods without end.
 */
import { TENANT_UID_LABEL } from '../../../api/identity.ts';
import { at } from '../../../api/json.ts';
import { placesAt, POD_KINDS } from '../../native/pods.ts';
import { compileSelector } from '../../operators.ts';
import type { Rule, Violation } from '../rule.ts';
import { forbid, nativeRule, type NativeSubject } from './native-rule.ts';

export const workloadSelectors: Rule = nativeRule('workload-selectors', POD_KINDS, missed);

function missed({ object, tenant }: NativeSubject): readonly Violation[] {
  const stamp = { [TENANT_UID_LABEL]: tenant.uid };
  return placesAt(object, 'spec.selector.matchExpressions[]')
    .filter(({ value }) => at(value, 'key') === TENANT_UID_LABEL)
    .filter(({ value }) => compileSelector({ matchExpressions: [value] })?.(stamp) === false)
    .map(({ path }) =>
      forbid(
        'RESERVED_METADATA',
        path,
        `every pod of this tenant has the label "${TENANT_UID_LABEL}"; select it or leave it out`,
      ),
    );
}
