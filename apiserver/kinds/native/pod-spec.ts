/** The specification of a pod, shared by Pod and by every template. source: core/v1 PodSpec. */
import { bool, int, list, listMap, map, obj, opt, str, type Node, type Value } from '../../api/schema.ts';
import { affinity, tolerations, topologySpreadConstraints } from './affinity.ts';
import {
  appArmorProfile,
  containerFields,
  resourceBounds,
  seccompProfile,
  seLinuxOptions,
  windowsOptions,
} from './container.ts';
import { resourceList, text } from './fields.ts';
import { volume } from './volume.ts';

const int64 = (description: string): Node<number> => int(description, { format: 'int64' });
const container = obj('One container.', containerFields);

const securityContext = obj(
  'What the processes of all containers may do.',
  {
    seLinuxOptions: opt(seLinuxOptions),
    windowsOptions: opt(windowsOptions),
    runAsUser: opt(int64('User that processes run as.')),
    runAsGroup: opt(int64('Group that processes run as.')),
    runAsNonRoot: opt(bool('Whether nothing may run as root.')),
    supplementalGroups: opt(list('Further groups of processes.', int64('A group.'))),
    supplementalGroupsPolicy: opt(text('How further groups are found.')),
    fsGroup: opt(int64('Group that owns volumes.')),
    fsGroupChangePolicy: opt(text('When the owner of volumes is changed.')),
    seLinuxChangePolicy: opt(text('How volumes are labelled.')),
    seccompProfile: opt(seccompProfile),
    appArmorProfile: opt(appArmorProfile),
    sysctls: opt(
      list('Kernel settings.', obj('One setting.', { name: text('Name.'), value: text('Value.') })),
    ),
  },
  { default: {} },
);

const dnsConfig = obj('Settings of name resolution.', {
  nameservers: opt(list('Servers that are asked.', text('An address.'))),
  searches: opt(list('Domains that are tried.', text('A domain.'))),
  options: opt(
    list(
      'Options of the resolver.',
      obj('One option.', { name: opt(text('Name.')), value: opt(text('Value.')) }),
    ),
  ),
});

const resourceClaims = listMap(
  'Devices that the pod needs.',
  'name',
  obj('One claim.', {
    name: text('Name that containers use.'),
    resourceClaimName: opt(text('Name of a ResourceClaim.')),
    resourceClaimTemplateName: opt(text('Name of a ResourceClaimTemplate.')),
  }),
);

export const podSpec = obj('How the pod is to be run.', {
  volumes: opt(listMap('Volumes that containers may mount.', 'name', volume)),
  initContainers: opt(listMap('Containers that run to their end first, in order.', 'name', container)),
  containers: listMap('Containers that run side by side.', 'name', container),
  ephemeralContainers: opt(
    listMap(
      'Containers put in for debugging.',
      'name',
      obj('One container.', {
        ...containerFields,
        targetContainerName: opt(text('Container whose processes are seen.')),
      }),
    ),
  ),
  restartPolicy: str('When containers are started again.', {
    enum: ['Always', 'OnFailure', 'Never'],
    default: 'Always',
  }),
  terminationGracePeriodSeconds: int('Time to end in an orderly way.', { format: 'int64', default: 30 }),
  activeDeadlineSeconds: opt(int64('Time after which the pod is ended.')),
  dnsPolicy: str('How names are resolved.', {
    enum: ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'],
    default: 'ClusterFirst',
  }),
  nodeSelector: opt(map('Labels that the node must have.', text('Value.'), { mapType: 'atomic' })),
  serviceAccountName: opt(text('ServiceAccount the pod runs under.')),
  serviceAccount: opt(text('Older name of serviceAccountName.')),
  automountServiceAccountToken: opt(bool('Whether the pod gets a token of it.')),
  nodeName: opt(text('Node the pod is on.')),
  hostNetwork: opt(bool('Whether it uses the network of the node.')),
  hostPID: opt(bool('Whether it sees the processes of the node.')),
  hostIPC: opt(bool('Whether it shares memory with the node.')),
  shareProcessNamespace: opt(bool('Whether containers see the processes of each other.')),
  securityContext,
  imagePullSecrets: opt(
    listMap(
      'Secrets for pulling images.',
      'name',
      obj('One secret.', { name: text('Name of the Secret.', { default: '' }) }),
    ),
  ),
  hostname: opt(text('Host name of the pod.')),
  hostnameOverride: opt(text('Host name as the pod itself sees it.')),
  subdomain: opt(text('Domain below that of the cluster.')),
  affinity: opt(affinity),
  schedulerName: text('Scheduler that places the pod.', { default: 'default-scheduler' }),
  tolerations: opt(tolerations),
  hostAliases: opt(
    listMap(
      'Lines of /etc/hosts.',
      'ip',
      obj('One line.', {
        ip: text('The address.'),
        hostnames: opt(list('Its names.', text('A name.'))),
      }),
    ),
  ),
  priorityClassName: opt(text('Class that gives the priority.')),
  priority: opt(int('The priority.')),
  preemptionPolicy: opt(text('Whether others may be ended for it.')),
  dnsConfig: opt(dnsConfig),
  readinessGates: opt(
    list('Conditions that count for readiness.', obj('One condition.', { conditionType: text('Its type.') })),
  ),
  runtimeClassName: opt(text('Class of the container runtime.')),
  enableServiceLinks: opt(bool('Whether services appear as environment variables.')),
  overhead: opt(resourceList('What the runtime itself needs.')),
  topologySpreadConstraints: opt(topologySpreadConstraints),
  setHostnameAsFQDN: opt(bool('Whether the host name is the full name.')),
  os: opt(obj('Operating system.', { name: text('linux or windows.') })),
  hostUsers: opt(bool('Whether users are those of the node.')),
  schedulingGates: opt(
    listMap(
      'What must be taken away before scheduling.',
      'name',
      obj('One gate.', { name: text('Its name.') }),
    ),
  ),
  resourceClaims: opt(resourceClaims),
  resources: opt({ ...resourceBounds, description: 'Bounds for the pod as a whole.' }),
});
export type PodSpec = Value<typeof podSpec>;
