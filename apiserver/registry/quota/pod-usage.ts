/**
 * What a pod takes: the sum over its containers, or the most that its start needs where that is more.
 * source: kubernetes pkg/quota/v1/evaluator/core/pods.go, component-helpers/resource PodRequests and PodLimits.
 */
import type { Kind } from '../../api/kind.ts';
import type { Pod } from '../../kinds/native/pod.ts';
import { largest, sum, UNIT, usageOfAmounts, type Amounts, type Usage } from './amounts.ts';

type Which = 'requests' | 'limits';
interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly resources?: { readonly requests?: Amounts; readonly limits?: Amounts };
}

export const isPod = ({ group, kind }: Kind): boolean => group === '' && kind === 'Pod';

const PLAIN = new Set(['cpu', 'memory', 'ephemeral-storage']);
const HUGE = 'hugepages-';

export function coversPodResource(name: string): boolean {
  if (name === 'pods' || PLAIN.has(name) || name.startsWith(HUGE)) return true;
  if (name.startsWith('limits.')) return PLAIN.has(name.slice('limits.'.length));
  if (!name.startsWith('requests.')) return false;
  const asked = name.slice('requests.'.length);
  return PLAIN.has(asked) || asked.startsWith(HUGE) || asked.includes('/');
}

/** `counted` is counted as long as the pod is stored, all others until it has ended. */
export function podUsage(pod: Pod, counted: string): Usage {
  const usage = new Map([[counted, UNIT]]);
  if (hasEnded(pod)) return usage;
  usage.set('pods', UNIT);
  for (const [name, value] of podAmounts(pod, 'requests')) {
    usage.set(`requests.${name}`, value);
    if (PLAIN.has(name) || name.startsWith(HUGE)) usage.set(name, value);
  }
  for (const [name, value] of podAmounts(pod, 'limits')) {
    if (PLAIN.has(name)) usage.set(`limits.${name}`, value);
  }
  return usage;
}

const hasEnded = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** What a pod as a whole asks for, by resource. */
export function podAmounts({ spec }: Pod, which: Which): Usage {
  let running: Usage = new Map();
  for (const container of spec.containers) running = sum(running, asked(container, which));
  let besides: Usage = new Map();
  let starting: Usage = new Map();
  for (const container of spec.initContainers ?? []) {
    const own = asked(container, which);
    // Init containers run one after the other, beside those that were started before to stay.
    const staysOn = container.restartPolicy === 'Always';
    const atOnce = sum(besides, own);
    if (staysOn) {
      running = sum(running, own);
      besides = atOnce;
    }
    starting = largest(starting, atOnce);
  }
  const forPod = usageOfAmounts(spec.resources?.[which]);
  const needed = new Map([...largest(running, starting), ...forPod]);
  return withOverhead(needed, usageOfAmounts(spec.overhead), which);
}

/** The runtime's own need counts always as a request, and as a limit only where there is one. */
function withOverhead(needed: Usage, overhead: Usage, which: Which): Usage {
  const counts = [...overhead].filter(([name]) => which === 'requests' || (needed.get(name) ?? 0n) !== 0n);
  return sum(needed, new Map(counts));
}

const asked = ({ resources }: Container, which: Which): Usage => usageOfAmounts(resources?.[which]);

/**
 * What containers leave open although the quota bounds it, as `requests.cpu for: a,b; ...`; empty when nothing.
 * source: core evaluator, which couples validation with counting for these six names only.
 */
export function missingAmounts({ spec }: Pod, hard: Iterable<string>): string {
  const wanted = [...hard].filter((name) => MUST_BE_GIVEN.has(name)).sort();
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  return wanted
    .map((name) => ({ name, open: containers.filter((each) => leavesOpen(each, name, spec.resources)) }))
    .filter(({ open }) => open.length > 0)
    .map(({ name, open }) => `${name} for: ${open.map((container) => container.name).join(',')}`)
    .join('; ');
}

const MUST_BE_GIVEN: ReadonlySet<string> = new Set(
  ['cpu', 'memory'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
);

function leavesOpen(container: Container, name: string, forPod: Container['resources']): boolean {
  const which: Which = name.startsWith('limits.') ? 'limits' : 'requests';
  const resource = name.slice(name.indexOf('.') + 1);
  const isGiven = (resources: Container['resources']): boolean =>
    Object.hasOwn(resources?.[which] ?? {}, resource);
  return !isGiven(container.resources) && !isGiven(forPod);
}
