/**
 * What one object takes of the resources that a ResourceQuota can bound.
 * source: kubernetes pkg/quota/v1/evaluator/core.
 */
import type { JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import type { PersistentVolumeClaim } from '../../kinds/native/persistent-volume-claim.ts';
import type { Pod } from '../../kinds/native/pod.ts';
import type { Service } from '../../kinds/native/service.ts';
import { coversPodResource, podUsage } from './pod-usage.ts';
import { amount, UNIT, type Usage } from './amounts.ts';

export interface Evaluator {
  /** Whether a quota with this resource in `hard` counts objects of the kind. */
  covers(resource: string): boolean;
  /** The object as stored: its types are those of its kind. */
  usage(object: JsonObject): Usage;
  /** Every object takes the same and need not be read. */
  readonly constant: Usage | undefined;
}

/** Plain names of what could be counted before `count/` was there. */
const COUNTED_BY_NAME = new Set(['configmaps', 'replicationcontrollers', 'resourcequotas', 'secrets']);

export function evaluatorOf(kind: Kind): Evaluator {
  const counted = countName(kind);
  switch (kind.group === '' ? kind.plural : '') {
    case 'pods':
      return varying(
        (name) => name === counted || coversPodResource(name),
        (object) => podUsage(object as unknown as Pod, counted),
      );
    case 'services':
      return varying(
        (name) => name === counted || name === 'services' || name.startsWith('services.'),
        (object) => serviceUsage(object as unknown as Service, counted),
      );
    case 'persistentvolumeclaims':
      return varying(
        (name) =>
          name === counted || CLAIMS.has(name) || [...CLAIMS].some((each) => name.endsWith(OF_CLASS + each)),
        (object) => claimUsage(object as unknown as PersistentVolumeClaim, counted),
      );
    default:
      return counting(kind, counted);
  }
}

const countName = ({ group, plural }: Kind): string =>
  group === '' ? `count/${plural}` : `count/${plural}.${group}`;

const varying = (covers: Evaluator['covers'], usage: Evaluator['usage']): Evaluator => ({
  covers,
  usage,
  constant: undefined,
});

function counting(kind: Kind, counted: string): Evaluator {
  const hasName = kind.group === '' && COUNTED_BY_NAME.has(kind.plural);
  const constant = new Map([[counted, UNIT], ...(hasName ? [[kind.plural, UNIT] as const] : [])]);
  return { covers: (name) => constant.has(name), usage: () => constant, constant };
}

function serviceUsage({ spec }: Service, counted: string): Usage {
  const isBalanced = spec.type === 'LoadBalancer';
  const ports = spec.ports ?? [];
  const wantsNodePorts = isBalanced && spec.allocateLoadBalancerNodePorts !== false;
  const nodePorts =
    spec.type === 'NodePort' || wantsNodePorts
      ? ports.length
      : ports.filter(({ nodePort }) => isBalanced && (nodePort ?? 0) !== 0).length;
  return new Map([
    [counted, UNIT],
    ['services', UNIT],
    ['services.nodeports', BigInt(nodePorts) * UNIT],
    ['services.loadbalancers', isBalanced ? UNIT : 0n],
  ]);
}

const CLAIMS: ReadonlySet<string> = new Set(['persistentvolumeclaims', 'requests.storage']);
const OF_CLASS = '.storageclass.storage.k8s.io/';

function claimUsage({ spec }: PersistentVolumeClaim, counted: string): Usage {
  const storage = amount(spec.resources?.requests?.['storage']);
  const own: [string, bigint][] = [
    ['persistentvolumeclaims', UNIT],
    ['requests.storage', storage],
  ];
  const className = spec.storageClassName ?? '';
  const ofClass = own.map(([name, value]) => [`${className}${OF_CLASS}${name}`, value] as const);
  return new Map([[counted, UNIT], ...own, ...(className === '' ? [] : ofClass)]);
}
