/** Containers of a pod: image, command, ports, environment, probes, security. source: core/v1 Container. */
import {
  bool,
  int,
  intOrString,
  list,
  listMap,
  obj,
  opt,
  quantity,
  set,
  str,
  type Node,
  type OptionalNode,
  type Value,
} from '../../api/schema.ts';
import { resourceList, text } from './fields.ts';

const int64 = (description: string): Node<number> => int(description, { format: 'int64' });

const keySelector = (what: string): Node<KeySelector> =>
  obj(
    `Key of a ${what}.`,
    {
      name: text(`Name of the ${what}.`, { default: '' }),
      key: text('Key inside of it.'),
      optional: opt(bool('Whether the pod starts when it is missing.')),
    },
    { mapType: 'atomic' },
  );
interface KeySelector {
  readonly name: string;
  readonly key: string;
  readonly optional?: boolean;
}

export const fieldRef = obj(
  'Field of the pod itself.',
  {
    apiVersion: text('Version the path is written in.', { default: 'v1' }),
    fieldPath: text('Path of the field.'),
  },
  { mapType: 'atomic' },
);
export const resourceFieldRef = obj(
  'Amount of a resource of the container.',
  {
    containerName: opt(text('Name of the container.')),
    resource: text('Resource that is meant.'),
    divisor: opt(quantity('Unit the amount is given in.')),
  },
  { mapType: 'atomic' },
);

const env = listMap(
  'Environment variables.',
  'name',
  obj('One variable.', {
    name: text('Name of the variable.'),
    value: opt(text('Its value; $(NAME) stands for another variable.')),
    valueFrom: opt(
      obj('Where the value comes from.', {
        fieldRef: opt(fieldRef),
        resourceFieldRef: opt(resourceFieldRef),
        configMapKeyRef: opt(keySelector('ConfigMap')),
        secretKeyRef: opt(keySelector('Secret')),
        fileKeyRef: opt(
          obj(
            'Key of an environment file in a volume.',
            {
              volumeName: text('Name of the volume.'),
              path: text('Path inside of it.'),
              key: text('Key inside of the file.'),
              optional: opt(bool('Whether the pod starts when it is missing.')),
            },
            { mapType: 'atomic' },
          ),
        ),
      }),
    ),
  }),
);

const wholeSource = (what: string): OptionalNode<{ readonly name: string; readonly optional?: boolean }> =>
  opt(
    obj(`All keys of a ${what}.`, {
      name: text(`Name of the ${what}.`, { default: '' }),
      optional: opt(bool('Whether the pod starts when it is missing.')),
    }),
  );

const envFrom = list(
  'Sources whose keys all become environment variables.',
  obj('One source.', {
    prefix: opt(text('Put in front of every key.')),
    configMapRef: wholeSource('ConfigMap'),
    secretRef: wholeSource('Secret'),
  }),
);

const exec = obj('Run a command inside the container.', {
  command: opt(list('The command and its arguments; no shell.', text('One word.'))),
});
const httpGet = obj('Send an HTTP request.', {
  path: opt(text('Path of the request.')),
  port: intOrString('Number or name of the port.'),
  host: opt(text('Host to connect to; the pod itself when not set.')),
  scheme: str('Protocol.', { enum: ['HTTP', 'HTTPS'], default: 'HTTP' }),
  httpHeaders: opt(
    list(
      'Headers of the request.',
      obj('One header.', { name: text('Name of the header.'), value: text('Value of the header.') }),
    ),
  ),
});
const tcpSocket = obj('Open a connection.', {
  port: intOrString('Number or name of the port.'),
  host: opt(text('Host to connect to; the pod itself when not set.')),
});

const probe = (description: string): Node<Value<typeof probeShape>> => ({ ...probeShape, description });
const probeShape = obj('A check.', {
  exec: opt(exec),
  httpGet: opt(httpGet),
  tcpSocket: opt(tcpSocket),
  grpc: opt(
    obj('Call the gRPC health service.', {
      port: int('Number of the port.'),
      service: text('Name of the service that is asked about.', { default: '' }),
    }),
  ),
  initialDelaySeconds: opt(int('Wait before the first check.')),
  timeoutSeconds: int('A check that takes longer has failed.', { default: 1 }),
  periodSeconds: int('Between two checks.', { default: 10 }),
  successThreshold: int('Good checks in a row that make it good again.', { default: 1 }),
  failureThreshold: int('Bad checks in a row that make it bad.', { default: 3 }),
  terminationGracePeriodSeconds: opt(int64('Time to end when this check failed.')),
});

const handler = (description: string): Node<Value<typeof handlerShape>> => ({ ...handlerShape, description });
const handlerShape = obj('An action.', {
  exec: opt(exec),
  httpGet: opt(httpGet),
  tcpSocket: opt(tcpSocket),
  sleep: opt(obj('Wait.', { seconds: int64('How long.') })),
});

export const seccompProfile = obj('Filter for system calls.', {
  type: text('RuntimeDefault, Unconfined or Localhost.'),
  localhostProfile: opt(text('File on the node, for Localhost.')),
});
export const appArmorProfile = obj('AppArmor profile.', {
  type: text('RuntimeDefault, Unconfined or Localhost.'),
  localhostProfile: opt(text('Profile on the node, for Localhost.')),
});
export const seLinuxOptions = obj('SELinux context.', {
  user: opt(text('User of the context.')),
  role: opt(text('Role of the context.')),
  type: opt(text('Type of the context.')),
  level: opt(text('Level of the context.')),
});
export const windowsOptions = obj('Settings for Windows.', {
  gmsaCredentialSpecName: opt(text('Name of the GMSA specification.')),
  gmsaCredentialSpec: opt(text('The GMSA specification itself.')),
  runAsUserName: opt(text('User that processes run as.')),
  hostProcess: opt(bool('Whether it runs as a process of the host.')),
});

const securityContext = obj('What the processes may do; wins over that of the pod.', {
  capabilities: opt(
    obj('Linux capabilities.', {
      add: opt(list('Capabilities that are added.', text('A capability.'))),
      drop: opt(list('Capabilities that are taken away.', text('A capability.'))),
    }),
  ),
  privileged: opt(bool('Whether it is as powerful as root on the node.')),
  seLinuxOptions: opt(seLinuxOptions),
  windowsOptions: opt(windowsOptions),
  runAsUser: opt(int64('User that processes run as.')),
  runAsGroup: opt(int64('Group that processes run as.')),
  runAsNonRoot: opt(bool('Whether it must not run as root.')),
  readOnlyRootFilesystem: opt(bool('Whether the root file system cannot be written.')),
  allowPrivilegeEscalation: opt(bool('Whether a process may get more rights than its parent.')),
  procMount: opt(text('How /proc is mounted.')),
  seccompProfile: opt(seccompProfile),
  appArmorProfile: opt(appArmorProfile),
});

export const resourceBounds = obj('What it asks for and what it may use at most.', {
  limits: opt(resourceList('Most it may use.')),
  requests: opt(resourceList('What it is scheduled by.')),
  claims: opt(
    listMap(
      'Devices of the pod that it uses.',
      'name',
      obj('One claim.', {
        name: text('Name of the claim in the pod.'),
        request: opt(text('One request of the claim.')),
      }),
      { patchStrategy: 'replace' },
    ),
  ),
});
const resources = { ...resourceBounds, default: {} };

/** Everything a container has besides its name; ephemeral containers have a target as well. */
export const containerFields = {
  name: text('Name of the container, unique in the pod.'),
  image: opt(text('Image that is run.')),
  command: opt(list('Command instead of that of the image; no shell.', text('One word.'))),
  args: opt(list('Arguments of the command.', text('One word.'))),
  workingDir: opt(text('Working directory.')),
  ports: opt(
    listMap(
      'Ports that are listened on.',
      ['containerPort', 'protocol'],
      obj('One port.', {
        name: opt(text('Name that services may use.')),
        hostPort: opt(int('Port of the node.')),
        containerPort: int('Port of the pod.'),
        protocol: str('Transport protocol.', { enum: ['TCP', 'UDP', 'SCTP'], default: 'TCP' }),
        hostIP: opt(text('Address of the node.')),
      }),
    ),
  ),
  envFrom: opt(envFrom),
  env: opt(env),
  resources,
  resizePolicy: opt(
    list(
      'What a change of resources means.',
      obj('One rule.', {
        resourceName: text('Resource that is changed.'),
        restartPolicy: text('NotRequired or RestartContainer.'),
      }),
    ),
  ),
  restartPolicy: opt(text('Always makes an init container run beside the others.')),
  restartPolicyRules: opt(
    list(
      'When the container is restarted, by exit code.',
      obj('One rule.', {
        action: text('Restart or RestartAllContainers.'),
        exitCodes: opt(
          obj('Exit codes.', {
            operator: text('In or NotIn.'),
            values: opt(set('Codes to compare with.', int('One code.'))),
          }),
        ),
      }),
    ),
  ),
  volumeMounts: opt(
    listMap(
      'Volumes of the pod and where they appear.',
      'mountPath',
      obj('One mount.', {
        name: text('Name of the volume.'),
        readOnly: opt(bool('Whether it cannot be written.')),
        recursiveReadOnly: opt(text('Whether mounts below cannot be written either.')),
        mountPath: text('Where it appears.'),
        subPath: opt(text('Part of the volume.')),
        subPathExpr: opt(text('Part of the volume, with variables.')),
        mountPropagation: opt(text('How mounts are seen by the node.')),
      }),
    ),
  ),
  volumeDevices: opt(
    listMap(
      'Block devices and where they appear.',
      'devicePath',
      obj('One device.', { name: text('Name of the claim.'), devicePath: text('Where it appears.') }),
    ),
  ),
  livenessProbe: opt(probe('Restarts the container when it fails.')),
  readinessProbe: opt(probe('Takes the pod out of services while it fails.')),
  startupProbe: opt(probe('Holds the other probes back until it succeeds.')),
  lifecycle: opt(
    obj('Actions around the life of the container.', {
      postStart: opt(handler('Right after the start.')),
      preStop: opt(handler('Before the end.')),
      stopSignal: opt(text('Signal that ends it.')),
    }),
  ),
  terminationMessagePath: text('File whose content explains the end.', { default: '/dev/termination-log' }),
  terminationMessagePolicy: str('Where the explanation comes from.', {
    enum: ['File', 'FallbackToLogsOnError'],
    default: 'File',
  }),
  imagePullPolicy: opt(str('When the image is pulled.', { enum: ['Always', 'Never', 'IfNotPresent'] })),
  securityContext: opt(securityContext),
  stdin: opt(bool('Whether standard input stays open.')),
  stdinOnce: opt(bool('Whether it closes after the first client.')),
  tty: opt(bool('Whether there is a terminal.')),
};
