/**
 * Holds new pods and claims to the minimum, maximum and ratio that the LimitRanges of their namespace set.
 * source: kubernetes plugin/pkg/admission/limitranger PodValidateLimitFunc, PersistentVolumeClaimValidateLimitFunc.
 */
import { forbidden } from '../../api/errors.ts';
import type { JsonObject } from '../../api/json.ts';
import { formatQuantity, type Quantity, parseQuantity } from '../../api/quantity.ts';
import type { PersistentVolumeClaim } from '../../kinds/native/persistent-volume-claim.ts';
import type { Pod } from '../../kinds/native/pod.ts';
import { metaText } from '../body.ts';
import type { Cache } from '../cache.ts';
import { usageOfAmounts, type Amounts, type Usage } from './amounts.ts';
import { limitsIn, type Limit, type LimitedWrite, type LimitType } from './limits.ts';
import { isPod, podAmounts } from './pod-usage.ts';

/** What one object asks for. */
interface Asked {
  readonly type: LimitType;
  readonly requests: Usage;
  readonly limits: Usage;
}
interface Bound extends Quantity {
  readonly resource: string;
}

/** Throws 403 with every bound that is not kept. */
export function requireWithinLimits(cache: Cache, write: LimitedWrite, object: JsonObject): void {
  const { kind, old, subresource } = write;
  if (old !== undefined || subresource !== '' || kind.group !== '') return;
  const isClaim = kind.kind === 'PersistentVolumeClaim';
  if (!isClaim && !isPod(kind)) return;
  // Admitted with the kind's schema, so its parts have the right types.
  const asked = isClaim
    ? [claimAmounts(object as unknown as PersistentVolumeClaim)]
    : amountsOf(object as unknown as Pod);
  const namespace = metaText(object, 'namespace');
  const problems = asked.flatMap((each) =>
    limitsIn(cache, namespace, each.type).flatMap((limit) => problemsOf(limit, each)),
  );
  if (problems.length === 0) return;
  const why = problems.length === 1 ? problems.join('') : `[${problems.join(', ')}]`;
  throw forbidden(kind, metaText(object, 'name'), why);
}

function claimAmounts({ spec }: PersistentVolumeClaim): Asked {
  const requests = usageOfAmounts(spec.resources?.requests);
  return { type: 'PersistentVolumeClaim', requests, limits: new Map() };
}

/** Every container for itself, then the pod as a whole. */
function amountsOf(pod: Pod): readonly Asked[] {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  return [
    ...containers.map(({ resources }): Asked => ({
      type: 'Container',
      requests: usageOfAmounts(resources.requests),
      limits: usageOfAmounts(resources.limits),
    })),
    { type: 'Pod', requests: podAmounts(pod, 'requests'), limits: podAmounts(pod, 'limits') },
  ];
}

function problemsOf(limit: Limit, asked: Asked): readonly string[] {
  return [
    ...bounds(limit.min).flatMap((bound) => tooLittle(bound, asked)),
    ...bounds(limit.max).flatMap((bound) => tooMuch(bound, asked)),
    ...bounds(limit.maxLimitRequestRatio).flatMap((bound) => tooFarApart(bound, asked)),
  ];
}

const bounds = (amounts: Amounts | undefined): readonly Bound[] =>
  Object.entries(amounts ?? {}).flatMap(([resource, value]) => {
    const quantity = parseQuantity(value);
    return quantity === undefined ? [] : [{ resource, ...quantity }];
  });

function tooLittle(bound: Bound, { type, requests, limits }: Asked): readonly string[] {
  const what = `minimum ${bound.resource} usage per ${type} is ${formatQuantity(bound)}`;
  const request = requests.get(bound.resource);
  const limit = limits.get(bound.resource);
  if (request === undefined) return [`${what}. No request is specified`];
  if (request < bound.nano) return [`${what}, but request is ${text(request, bound)}`];
  return limit !== undefined && limit < bound.nano ? [`${what}, but limit is ${text(limit, bound)}`] : [];
}

function tooMuch(bound: Bound, { type, requests, limits }: Asked): readonly string[] {
  const what = `maximum ${bound.resource} usage per ${type} is ${formatQuantity(bound)}`;
  const request = requests.get(bound.resource);
  const limit = limits.get(bound.resource);
  // Claims have requests only.
  const isBounded = type === 'PersistentVolumeClaim' ? request !== undefined : limit !== undefined;
  if (!isBounded)
    return [`${what}. No ${type === 'PersistentVolumeClaim' ? 'request' : 'limit'} is specified`];
  if (limit !== undefined && limit > bound.nano) return [`${what}, but limit is ${text(limit, bound)}`];
  return request !== undefined && request > bound.nano
    ? [`${what}, but request is ${text(request, bound)}`]
    : [];
}

function tooFarApart(bound: Bound, { type, requests, limits }: Asked): readonly string[] {
  const what = `${bound.resource} max limit to request ratio per ${type} is ${formatQuantity(bound)}`;
  const request = requests.get(bound.resource) ?? 0n;
  const limit = limits.get(bound.resource) ?? 0n;
  if (request === 0n) return [`${what}, but no request is specified or request is 0`];
  if (limit === 0n) return [`${what}, but no limit is specified or limit is 0`];
  const ratio = Number(limit) / Number(request);
  return ratio > Number(bound.nano) / 1e9 ? [`${what}, but provided ratio is ${ratio.toFixed(6)}`] : [];
}

const text = (nano: bigint, { format }: Bound): string => formatQuantity({ nano, format });
