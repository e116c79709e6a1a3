/**
 * Which pods a quota with scopes counts; a quota with scopes counts nothing but pods.
 * source: kubernetes pkg/quota/v1/evaluator/core/pods.go podMatchesScopeFunc.
 */
import type { Pod } from '../../kinds/native/pod.ts';
import type { ResourceQuota } from '../../kinds/native/resource-quota.ts';
import { amount, type Amounts } from './amounts.ts';

interface Requirement {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** All must hold. */
export function scopesOf({ spec }: ResourceQuota): readonly Requirement[] {
  const named = (spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...named, ...(spec.scopeSelector?.matchExpressions ?? [])];
}

export const isInScope = (scopes: readonly Requirement[], pod: Pod): boolean =>
  scopes.every((scope) => matches(scope, pod));

function matches(scope: Requirement, pod: Pod): boolean {
  switch (scope.scopeName) {
    case 'Terminating':
      return isBoundInTime(pod);
    case 'NotTerminating':
      return !isBoundInTime(pod);
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return hasPriorityClass(scope, pod.spec.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return reachesOtherNamespaces(pod);
    default:
      return false;
  }
}

const isBoundInTime = ({ spec }: Pod): boolean => spec.activeDeadlineSeconds !== undefined;

/** No container asks for or bounds cpu or memory. source: apis/core/helper/qos. */
function isBestEffort({ spec }: Pod): boolean {
  const asks = (amounts: Amounts | undefined): boolean =>
    amount(amounts?.['cpu']) > 0n || amount(amounts?.['memory']) > 0n;
  return [...spec.containers, ...(spec.initContainers ?? [])].every(
    ({ resources }) => !asks(resources.requests) && !asks(resources.limits),
  );
}

function hasPriorityClass({ operator, values = [] }: Requirement, name: string): boolean {
  switch (operator) {
    case 'In':
      return values.includes(name);
    case 'NotIn':
      return !values.includes(name);
    case 'Exists':
      return name !== '';
    case 'DoesNotExist':
      return name === '';
    default:
      return false;
  }
}

function reachesOtherNamespaces({ spec: { affinity } }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = affinity ?? {};
  return [podAffinity, podAntiAffinity]
    .flatMap((each) => [
      ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => term.podAffinityTerm),
    ])
    .some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined);
}
