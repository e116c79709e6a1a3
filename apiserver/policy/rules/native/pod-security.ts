/**
 * Pods of tenants keep the Pod Security Standard "baseline" wherever they are described: nothing of the node. The
 * cluster's own PodSecurity plugin looks at labels of namespaces; this holds without them.
 * source: Kubernetes documentation, Pod Security Standards, baseline, v1.36.
 */
import { at, isObject, type JsonObject } from '../../../api/json.ts';
import { containersOf, placesAt, type Place, type PodDescription } from '../../native/pods.ts';
import type { Violation } from '../rule.ts';
import { forbid } from './native-rule.ts';
import { podRule } from './pod-rule.ts';

const words = (text: string): ReadonlySet<unknown> => new Set(text.split(' '));

const CAPABILITIES = words(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT',
);
const SYSCTLS = words(
  'kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies net.ipv4.ping_group_range ' +
    'net.ipv4.ip_unprivileged_port_start net.ipv4.ip_local_reserved_ports net.ipv4.tcp_keepalive_time ' +
    'net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes net.ipv4.tcp_rmem ' +
    'net.ipv4.tcp_wmem',
);
const SELINUX_TYPES = new Set<unknown>([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
]);
const isAppArmor = (value: unknown): boolean =>
  value === 'runtime/default' || (typeof value === 'string' && value.startsWith('localhost/'));

/** One forbidden setting: where it is, and which values are fine. Fields that are not there are always fine. */
interface Setting {
  readonly field: string;
  readonly isFine: (value: unknown) => boolean;
  /** How the value reads in the message; the value itself when not given. */
  readonly what: string;
}

const isOff = (value: unknown): boolean => value === false;
const isEmpty = (value: unknown): boolean => value === '';
const never = (): boolean => false;

const CONTEXT: readonly Setting[] = [
  { field: 'windowsOptions.hostProcess', isFine: isOff, what: 'host process containers' },
  { field: 'seLinuxOptions.type', isFine: (value) => SELINUX_TYPES.has(value), what: 'this SELinux type' },
  { field: 'seLinuxOptions.user', isFine: isEmpty, what: 'an SELinux user' },
  { field: 'seLinuxOptions.role', isFine: isEmpty, what: 'an SELinux role' },
  { field: 'seccompProfile.type', isFine: (value) => value !== 'Unconfined', what: 'no seccomp profile' },
  { field: 'appArmorProfile.type', isFine: (value) => value !== 'Unconfined', what: 'no AppArmor profile' },
];

const OF_POD: readonly Setting[] = [
  { field: 'hostNetwork', isFine: isOff, what: "the node's network" },
  { field: 'hostPID', isFine: isOff, what: "the node's processes" },
  { field: 'hostIPC', isFine: isOff, what: "the node's IPC" },
  { field: 'volumes[].hostPath', isFine: never, what: 'a hostPath volume' },
  { field: 'securityContext.sysctls[].name', isFine: (value) => SYSCTLS.has(value), what: 'this sysctl' },
  ...CONTEXT.map((setting) => ({ ...setting, field: `securityContext.${setting.field}` })),
];

const HOOKS = ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle.postStart', 'lifecycle.preStop'];

const OF_CONTAINER: readonly Setting[] = [
  { field: 'securityContext.privileged', isFine: isOff, what: 'privileged containers' },
  {
    field: 'securityContext.capabilities.add[]',
    isFine: (value) => CAPABILITIES.has(value),
    what: 'this capability',
  },
  {
    field: 'securityContext.procMount',
    isFine: (value) => value === 'Default' || value === '',
    what: 'an unmasked /proc',
  },
  { field: 'ports[].hostPort', isFine: (value) => value === 0, what: 'a port of the node' },
  ...CONTEXT.map((setting) => ({ ...setting, field: `securityContext.${setting.field}` })),
  ...HOOKS.flatMap((hook) =>
    ['httpGet', 'tcpSocket'].map((call) => ({
      field: `${hook}.${call}.host`,
      isFine: isEmpty,
      what: 'probes of other hosts',
    })),
  ),
];

export const podSecurity = podRule('pod-security', (pod) => [
  ...broken(OF_POD, { path: '', value: pod.spec }).map((found) => objection(pod, found)),
  ...containersOf(pod.spec).flatMap((container) =>
    broken(OF_CONTAINER, container).map((found) => objection(pod, found)),
  ),
  ...appArmorAnnotations(pod),
]);

interface Broken extends Place {
  readonly what: string;
}

function broken(settings: readonly Setting[], { path, value: holder }: Place): readonly Broken[] {
  return settings.flatMap(({ field, isFine, what }) =>
    placesAt(holder, field)
      .filter(({ value }) => !isFine(value))
      .map((place) => ({
        what,
        value: place.value,
        path: path === '' ? place.path : `${path}.${place.path}`,
      })),
  );
}

function objection(pod: PodDescription, { path, value, what }: Broken): Violation {
  const shown = typeof value === 'string' ? ` (${JSON.stringify(value.slice(0, 80))})` : '';
  const message = `pods of tenants may not use ${what}${shown}: Pod Security Standard "baseline"`;
  return forbid('PSS', `${pod.path}spec.${path}`, message);
}

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';

/** How AppArmor was set before it had fields. */
function appArmorAnnotations({ path, metadata }: PodDescription): readonly Violation[] {
  const annotations: unknown = at(metadata, 'annotations');
  const entries: JsonObject = isObject(annotations) ? annotations : {};
  return Object.entries(entries)
    .filter(([key, value]) => key.startsWith(APP_ARMOR) && !isAppArmor(value))
    .map(([key]) =>
      forbid(
        'PSS',
        `${path}metadata.annotations[${key}]`,
        'pods of tenants may not use no AppArmor profile: Pod Security Standard "baseline"',
      ),
    );
}
