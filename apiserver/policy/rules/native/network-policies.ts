/** NetworkPolicies of a tenant open its pods to its own namespaces and to named addresses, never to everybody. */
import { isObject } from '../../../api/json.ts';
import { Namespace } from '../../../kinds/native/namespace.ts';
import { labelsOf } from '../../conditions.ts';
import { placesAt, type Place } from '../../native/pods.ts';
import { compileSelector } from '../../operators.ts';
import type { Rule, Violation } from '../rule.ts';
import { forbid, nativeRule, type NativeSubject } from './native-rule.ts';

export const networkPolicies: Rule = nativeRule(
  'network-policies',
  ['networking.k8s.io/networkpolicies'],
  (subject) => [...fromAnywhere(subject), ...fromOthers(subject), ...fromEveryAddress(subject)],
);

/** A rule without `from` lets everybody in. */
const fromAnywhere = ({ object }: NativeSubject): readonly Violation[] =>
  placesAt(object, 'spec.ingress[]')
    .filter(({ value }) => {
      const from = isObject(value) ? value['from'] : undefined;
      return !Array.isArray(from) || from.length === 0;
    })
    .map(({ path }) =>
      forbid('CROSS_TENANT_REF', `${path}.from`, 'opens the pods to every tenant; say who may come in'),
    );

function fromOthers({ object, context, tenant }: NativeSubject): readonly Violation[] {
  const selectors = placesAt(object, 'spec.ingress[].from[].namespaceSelector');
  if (selectors.length === 0) return [];
  const others = context.lookup
    .findAll(Namespace)
    .filter(({ name }) => {
      const owner = context.engine.tenantOf(name);
      return owner !== undefined && owner.uid !== tenant.uid;
    })
    .map((stored) => labelsOf(stored.read()));
  return selectors
    .filter(
      (place) =>
        isForEverybody(place) || others.some((labels) => compileSelector(place.value)?.(labels) !== false),
    )
    .map(({ path }) =>
      forbid(
        'CROSS_TENANT_REF',
        path,
        'opens the pods to namespaces of other tenants; select by name or tenant',
      ),
    );
}

const isForEverybody = ({ value }: Place): boolean => isObject(value) && Object.keys(value).length === 0;

const fromEveryAddress = ({ object }: NativeSubject): readonly Violation[] =>
  placesAt(object, 'spec.ingress[].from[].ipBlock.cidr')
    .filter(({ value }) => typeof value === 'string' && value.endsWith('/0'))
    .map(({ path }) =>
      forbid('CROSS_TENANT_REF', path, 'every address includes the pods of other tenants; name the ranges'),
    );
