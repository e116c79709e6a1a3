/** Pods do not reach for nodes, pools and priorities that are not open to their tenant. */
import { at, isObject, type JsonObject } from '../../../api/json.ts';
import { placesAt, type Place, type PodDescription } from '../../native/pods.ts';
import { isCommonLabel, isWithin, lets, poolsFor, type Pool } from '../../native/pools.ts';
import type { Violation } from '../rule.ts';
import { forbid } from './native-rule.ts';
import { podRule } from './pod-rule.ts';

export const podPlacement = podRule('pod-placement', (pod, { context, tenant }) => {
  const pools = poolsFor(tenant, context.lookup);
  return [...nodes(pod, pools), ...selectors(pod, pools), ...tolerations(pod, pools), ...priority(pod)];
});

const objection = ({ path }: PodDescription, place: string, message: string): Violation =>
  forbid('POOL_NOT_GRANTED', `${path}spec.${place}`, message);

const NOT_OPEN =
  'selects nodes that are not open to this tenant; leave it out, or ask an operator to open the pool';

const CHOOSES = 'pods of tenants do not choose their node; use a nodeSelector for the labels of a pool';
/** Every node has a value of its own. */
const HOSTNAME = 'kubernetes.io/hostname';

/**
 * Naming a node goes around every pool, and as `nodeName` around the scheduler and every taint. The only field of a node
 * that can be matched is its name, which is how the controller of DaemonSets places the pods it makes.
 */
const nodes = (pod: PodDescription, pools: readonly Pool[]): readonly Violation[] =>
  [
    ...placesAt(pod.spec, 'nodeName').filter(({ value }) => value !== ''),
    ...TERMS.flatMap((term) => placesAt(pod.spec, `${term}.matchFields[]`)),
    ...hostnames(pod.spec, pools),
  ].map(({ path }) => objection(pod, path, CHOOSES));

function hostnames(spec: JsonObject, pools: readonly Pool[]): readonly Place[] {
  // Of pools of one node, which may be asked for like others.
  const open = new Set<unknown>(
    pools.filter(({ isOpen }) => isOpen).map(({ nodeSelector }) => nodeSelector[HOSTNAME]),
  );
  const isOpen = (value: unknown): boolean => typeof value === 'string' && open.has(value);
  const selector = spec['nodeSelector'];
  const isChosen = isObject(selector) && Object.hasOwn(selector, HOSTNAME) && !isOpen(selector[HOSTNAME]);
  const direct = isChosen ? [{ path: `nodeSelector[${HOSTNAME}]`, value: selector[HOSTNAME] }] : [];
  const expressions = TERMS.flatMap((term) => placesAt(spec, `${term}.matchExpressions[]`));
  return [...direct, ...expressions.filter(({ value }) => namesNodes(value, isOpen))];
}

/** All others left out is one chosen, so it does not matter what for they are named. */
function namesNodes(expression: unknown, isOpen: (value: unknown) => boolean): boolean {
  const values = at(expression, 'values');
  if (at(expression, 'key') !== HOSTNAME || !Array.isArray(values) || values.length === 0) return false;
  return at(expression, 'operator') !== 'In' || !values.every(isOpen);
}

const NODE_AFFINITY = 'affinity.nodeAffinity';
const TERMS = [
  `${NODE_AFFINITY}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[]`,
  `${NODE_AFFINITY}.preferredDuringSchedulingIgnoredDuringExecution[].preference`,
];

/** A label that an open pool shares with a closed one is open. */
function selectors(pod: PodDescription, pools: readonly Pool[]): readonly Violation[] {
  const open = new Set(pools.filter(({ isOpen }) => isOpen).flatMap(pairsOf));
  const closed = pools
    .filter(({ isOpen }) => !isOpen)
    .flatMap(pairsOf)
    .filter((pair) => !open.has(pair));
  if (closed.length === 0) return [];
  const selector = pod.spec['nodeSelector'];
  const direct = Object.entries(isObject(selector) ? selector : {})
    .filter(([key, value]) => typeof value === 'string' && closed.includes(pairOf(key, value)))
    .map(([key]) => objection(pod, `nodeSelector[${key}]`, NOT_OPEN));
  const expressions = TERMS.flatMap((term) => placesAt(pod.spec, `${term}.matchExpressions[]`))
    .filter(({ value }) => closed.some((pair) => reaches(value, pair)))
    .map(({ path }) => objection(pod, path, NOT_OPEN));
  return [...direct, ...expressions];
}

const pairOf = (key: string, value: string): string => JSON.stringify([key, value]);
const pairsOf = ({ nodeSelector }: Pool): readonly string[] =>
  Object.entries(nodeSelector)
    .filter(([key]) => !isCommonLabel(key))
    .map(([key, value]) => pairOf(key, value));

/** Whether an expression about this very key lets nodes with this value in. */
function reaches(expression: unknown, pair: string): boolean {
  const [key, value] = JSON.parse(pair) as [string, string];
  if (at(expression, 'key') !== key) return false;
  const values = at(expression, 'values');
  const isListed = Array.isArray(values) && values.includes(value);
  switch (at(expression, 'operator')) {
    case 'In':
      return isListed;
    case 'NotIn':
      return !isListed;
    case 'DoesNotExist':
      return false;
    default:
      return true;
  }
}

function tolerations(pod: PodDescription, pools: readonly Pool[]): readonly Violation[] {
  const open = pools.filter(({ isOpen }) => isOpen).flatMap((pool) => pool.tolerations);
  const closed = pools.filter(({ isOpen }) => !isOpen).flatMap((pool) => pool.tolerations);
  return placesAt(pod.spec, 'tolerations[]').flatMap((place) => {
    if (!isObject(place.value)) return [];
    if (isEverything(place.value)) {
      return [
        objection(
          pod,
          place.path,
          'tolerates every taint; name the taints of pools that are open to this tenant',
        ),
      ];
    }
    return isForClosed(place, open, closed) ? [objection(pod, place.path, NOT_OPEN)] : [];
  });
}

const isEverything = ({ key, operator }: JsonObject): boolean =>
  (key === undefined || key === '') && operator === 'Exists';

function isForClosed({ value }: Place, open: readonly JsonObject[], closed: readonly JsonObject[]): boolean {
  const toleration = value as JsonObject;
  return (
    closed.some((taint) => lets(toleration, taint)) && !open.some((taint) => isWithin(toleration, taint))
  );
}

const priority = (pod: PodDescription): readonly Violation[] =>
  placesAt(pod.spec, 'priorityClassName')
    .filter(({ value }) => typeof value === 'string' && value.startsWith('system-'))
    .map(({ path }) => objection(pod, path, 'priorities of the system are for the system'));
