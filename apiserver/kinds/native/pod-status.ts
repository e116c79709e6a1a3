/** What a node reports about a pod. source: core/v1 PodStatus. */
import { bool, int, list, listMap, obj, opt, time, type Node, type Value } from '../../api/schema.ts';
import { resourceBounds } from './container.ts';
import { conditionFields, resourceList, text } from './fields.ts';

const terminated = obj('It has ended.', {
  exitCode: int('Exit code.'),
  signal: opt(int('Signal that ended it.')),
  reason: opt(text('Machine-readable cause.')),
  message: opt(text('Explanation for people.')),
  startedAt: opt(time('When it started.')),
  finishedAt: opt(time('When it ended.')),
  containerID: opt(text('Identity at the runtime.')),
});

const state = (description: string): Node<Value<typeof stateShape>> => ({ ...stateShape, description });
const stateShape = obj('State of a container.', {
  waiting: opt(
    obj('It has not started.', {
      reason: opt(text('Machine-readable cause.')),
      message: opt(text('Explanation for people.')),
    }),
  ),
  running: opt(obj('It runs.', { startedAt: opt(time('When it started.')) })),
  terminated: opt(terminated),
});

const containerStatus = obj('State of one container.', {
  name: text('Name of the container.'),
  state: opt(state('What it does now.')),
  lastState: opt(state('What it did before the last restart.')),
  ready: bool('Whether it is ready.'),
  restartCount: int('How often it was restarted.'),
  image: text('Image that runs.'),
  imageID: text('Identity of the image.'),
  containerID: opt(text('Identity at the runtime.')),
  started: opt(bool('Whether its start is over.')),
  allocatedResources: opt(resourceList('What the node has set aside for it.')),
  resources: opt(resourceBounds),
  volumeMounts: opt(
    listMap(
      'Volumes as they are mounted.',
      'mountPath',
      obj('One mount.', {
        name: text('Name of the volume.'),
        mountPath: text('Where it appears.'),
        readOnly: opt(bool('Whether it cannot be written.')),
        recursiveReadOnly: opt(text('Whether mounts below cannot be written either.')),
      }),
    ),
  ),
  user: opt(
    obj('Who the first process runs as.', {
      linux: opt(
        obj('On Linux.', {
          uid: int('User.', { format: 'int64' }),
          gid: int('Group.', { format: 'int64' }),
          supplementalGroups: opt(list('Further groups.', int('A group.', { format: 'int64' }))),
        }),
      ),
    }),
  ),
  stopSignal: opt(text('Signal that ends it.')),
});
export type ContainerStatus = Value<typeof containerStatus>;
const address = (what: string): Node<{ readonly ip: string }> => obj(what, { ip: text('The address.') });

export const podStatus = obj('What is known about the pod.', {
  observedGeneration: opt(int('metadata.generation that was acted on last.', { format: 'int64' })),
  phase: opt(text('Pending, Running, Succeeded, Failed or Unknown.')),
  conditions: opt(
    listMap(
      'Aspects of the state.',
      'type',
      obj('One aspect.', {
        ...conditionFields,
        observedGeneration: opt(int('Generation the condition is about.', { format: 'int64' })),
        lastProbeTime: opt(time('When it was last looked at.')),
      }),
    ),
  ),
  message: opt(text('Explanation for people.')),
  reason: opt(text('Machine-readable cause.')),
  nominatedNodeName: opt(text('Node that is being freed for it.')),
  hostIP: opt(text('Address of the node.')),
  hostIPs: opt(
    list('Addresses of the node.', address('One address.'), { patchStrategy: 'merge', patchMergeKey: 'ip' }),
  ),
  podIP: opt(text('Address of the pod.')),
  podIPs: opt(listMap('Addresses of the pod.', 'ip', address('One address.'))),
  startTime: opt(time('When the node took it.')),
  initContainerStatuses: opt(list('State of init containers.', containerStatus)),
  containerStatuses: opt(list('State of containers.', containerStatus)),
  ephemeralContainerStatuses: opt(list('State of ephemeral containers.', containerStatus)),
  qosClass: opt(text('Guaranteed, Burstable or BestEffort.')),
  resize: opt(text('Where a change of resources stands.')),
});
