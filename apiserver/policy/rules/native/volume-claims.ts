/**
 * Claims of a tenant get new volumes or copies of its own: choosing a volume by name or label, or a source in a
 * namespace of somebody else, could reach what another tenant left behind. Wherever a claim is described.
 */
import { isObject } from '../../../api/json.ts';
import { CLAIM_PATHS } from '../../native/claim-paths.ts';
import { placesAt, type Place } from '../../native/pods.ts';
import { resourceOf } from '../../native/resource.ts';
import type { Rule, Violation } from '../rule.ts';
import { forbid, nativeRule, type NativeSubject } from './native-rule.ts';

export const volumeClaims: Rule = nativeRule('volume-claims', [...CLAIM_PATHS.keys()], (subject) =>
  (CLAIM_PATHS.get(resourceOf(subject.request)) ?? [])
    .flatMap((field) => placesAt(subject.object, field))
    .filter(({ value }) => isObject(value))
    .flatMap((claim) => checkClaim(claim, subject)),
);

const BOUND = 'which volume a claim gets is decided when it is bound; leave it out, or use a dataSource';

function checkClaim(claim: Place, { context, tenant }: NativeSubject): readonly Violation[] {
  const within = (field: string): readonly Place[] =>
    placesAt(claim.value, field).map(({ path, value }) => ({ path: `${claim.path}.${path}`, value }));
  const chosen = [
    ...within('volumeName').filter(({ value }) => value !== ''),
    ...within('selector').filter(({ value }) => isObject(value)),
  ];
  const foreign = within('dataSourceRef.namespace').filter(
    ({ value }) =>
      typeof value === 'string' && value !== '' && context.engine.tenantOf(value)?.uid !== tenant.uid,
  );
  return [
    ...chosen.map(({ path }) => forbid('CROSS_TENANT_REF', path, BOUND)),
    ...foreign.map(({ path }) =>
      forbid('CROSS_TENANT_REF', path, 'the source is not in a namespace of this tenant'),
    ),
  ];
}
