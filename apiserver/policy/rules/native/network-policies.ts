/** NetworkPolicies of a tenant open its pods to its own namespaces and to named addresses, never to everybody. */
import { at, isObject } from '../../../api/json.ts';
import { Namespace } from '../../../kinds/native/namespace.ts';
import { labelsOf } from '../../conditions.ts';
import { covered, parseRange, without, type AddressRange } from '../../native/address-ranges.ts';
import { placesAt, type Place } from '../../native/pods.ts';
import { compileSelector } from '../../operators.ts';
import type { Rule, Violation } from '../rule.ts';
import { forbid, nativeRule, type NativeSubject } from './native-rule.ts';

export const networkPolicies: Rule = nativeRule(
  'network-policies',
  ['networking.k8s.io/networkpolicies'],
  (subject) => {
    const many = tooMany(subject);
    return many === undefined
      ? [...fromAnywhere(subject), ...fromOthers(subject), ...fromEveryAddress(subject)]
      : [many];
  },
);

/** Of a policy: peers and exceptions, in both directions. Deciding takes time for each of them, from everybody's. */
const MAX_PEERS = 1_000;

function tooMany({ object }: NativeSubject): Violation | undefined {
  const ways = [at(object, 'spec.ingress'), at(object, 'spec.egress')].flatMap(listOf);
  const peers = ways.flatMap((way) => [...listOf(at(way, 'from')), ...listOf(at(way, 'to'))]);
  const count = peers.reduce<number>((sum, peer) => sum + 1 + listOf(at(peer, 'ipBlock.except')).length, 0);
  if (count <= MAX_PEERS) return undefined;
  const limit = MAX_PEERS.toLocaleString('en');
  return forbid(
    'TOO_LARGE',
    'spec',
    `has ${count.toLocaleString('en')} peers and exceptions; at most ${limit} are decided on, spread them over several`,
  );
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

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
    .filter((place) => {
      const selects = compileSelector(place.value);
      return isForEverybody(place) || others.some((labels) => selects?.(labels) !== false);
    })
    .map(({ path }) =>
      forbid(
        'CROSS_TENANT_REF',
        path,
        'opens the pods to namespaces of other tenants; select by name or tenant',
      ),
    );
}

const isForEverybody = ({ value }: Place): boolean => isObject(value) && Object.keys(value).length === 0;

/** Leaving out less than such a part of all addresses, an IPv4 /8, names nobody. */
const LEFT_OUT = 256n;

/** One range of everything, whatever it leaves out, or several that come to it, whichever rules of the policy they are in. */
function fromEveryAddress({ object }: NativeSubject): readonly Violation[] {
  const violations: Violation[] = [];
  const open: AddressRange[] = [];
  for (const { path, value } of placesAt(object, 'spec.ingress[].from[].ipBlock')) {
    const cidr = at(value, 'cidr');
    const range = parseRange(String(cidr));
    const forbidden = (message: string): Violation => forbid('CROSS_TENANT_REF', `${path}.cidr`, message);
    if (range === undefined) violations.push(forbidden('is not a range of addresses such as 10.1.0.0/16'));
    else if (isEverything(range.to - range.from, range.bits)) {
      violations.push(forbidden('every address includes the pods of other tenants; name the ranges'));
    } else {
      open.push(...without(range, exceptions(value)));
    }
  }
  for (const bits of [32, 128] as const) {
    if (!isEverything(covered(open, bits), bits)) continue;
    const message = `the ranges of IPv${bits === 32 ? 4 : 6} come to every address, which includes the pods of other tenants`;
    violations.push(forbid('CROSS_TENANT_REF', 'spec.ingress', `${message}; name fewer`));
  }
  return violations;
}

const isEverything = (addresses: bigint, bits: number): boolean =>
  ((1n << BigInt(bits)) - addresses) * LEFT_OUT < 1n << BigInt(bits);

/** What cannot be read leaves nothing out. */
const exceptions = (block: unknown): readonly AddressRange[] =>
  placesAt(block, 'except[]').flatMap(({ value }) => parseRange(String(value)) ?? []);
