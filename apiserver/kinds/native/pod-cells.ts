/** The cells of `kubectl get pods`. source: kubernetes pkg/printers/internalversion printPod. */
import type { ContainerStatus } from './pod-status.ts';

interface Shown {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly spec: {
    readonly containers: readonly unknown[];
    readonly initContainers?: readonly InitContainer[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}
interface InitContainer {
  readonly name: string;
  readonly restartPolicy?: string;
}

/** Init containers that go on running count as containers. */
const sidecars = (pod: Shown): readonly string[] =>
  (pod.spec.initContainers ?? []).filter((each) => each.restartPolicy === 'Always').map((each) => each.name);

export function podReadiness(pod: Shown): string {
  const beside = sidecars(pod);
  const statuses = [
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.initContainerStatuses ?? []).filter((each) => beside.includes(each.name)),
  ];
  const ready = statuses.filter((each) => each.ready && each.state?.running !== undefined).length;
  return `${ready}/${pod.spec.containers.length + beside.length}`;
}

export function podRestarts(pod: Shown): string {
  const all = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  return String(all.reduce((sum, each) => sum + each.restartCount, 0));
}

export function podReason(pod: Shown): string {
  const reason =
    pod.status?.reason ?? initReason(pod) ?? containerReason(pod) ?? pod.status?.phase ?? 'Unknown';
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (pod.status?.reason === 'NodeLost') return 'Unknown';
  return reason === 'Succeeded' || reason === 'Completed' ? reason : 'Terminating';
}

/** The first init container that is not done tells why the pod waits. */
function initReason(pod: Shown): string | undefined {
  const statuses = pod.status?.initContainerStatuses ?? [];
  const beside = sidecars(pod);
  const index = statuses.findIndex((each) => !isDone(each, beside.includes(each.name)));
  const waitsFor = statuses[index];
  if (waitsFor === undefined) return undefined;
  const { terminated, waiting } = waitsFor.state ?? {};
  if (terminated !== undefined) return `Init:${ended(terminated)}`;
  const why = waiting?.reason ?? '';
  return why !== '' && why !== 'PodInitializing'
    ? `Init:${why}`
    : `Init:${index}/${pod.spec.initContainers?.length ?? 0}`;
}

const isDone = (status: ContainerStatus, isSidecar: boolean): boolean =>
  status.state?.terminated?.exitCode === 0 || (isSidecar && status.started === true);

/** The first container that waits or has ended gives the reason, unless another one still runs. */
function containerReason(pod: Shown): string | undefined {
  const statuses = pod.status?.containerStatuses ?? [];
  const reason = statuses.map(reasonOf).find((each) => each !== undefined);
  const running = statuses.some((each) => each.ready && each.state?.running !== undefined);
  return reason === 'Completed' && running ? 'Running' : reason;
}

function reasonOf({ state }: ContainerStatus): string | undefined {
  const waiting = state?.waiting?.reason ?? '';
  if (waiting !== '') return waiting;
  return state?.terminated === undefined ? undefined : ended(state.terminated);
}

interface Ended {
  readonly exitCode: number;
  readonly signal?: number;
  readonly reason?: string;
}
function ended({ reason = '', signal = 0, exitCode }: Ended): string {
  if (reason !== '') return reason;
  return signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`;
}
