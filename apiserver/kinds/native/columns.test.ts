/** Cells as `kubectl get` prints them on a cluster. */
import assert from 'node:assert/strict';
import type { Kind } from '../../api/kind.ts';
import { ClusterRoleBinding } from './cluster-role-binding.ts';
import { CronJob } from './cron-job.ts';
import { Endpoints } from './endpoints.ts';
import { Event } from './event.ts';
import { Ingress } from './ingress.ts';
import { Job } from './job.ts';
import { NetworkPolicy } from './network-policy.ts';
import { Pod } from './pod.ts';
import { ResourceQuota } from './resource-quota.ts';
import { Service } from './service.ts';

function cell(kind: Kind, name: string, object: object): unknown {
  const column = kind.columns.find((each) => each.name === name);
  assert.ok(column !== undefined, `no column ${name}`);
  return column.cell({ metadata: {}, ...object });
}

describe('columns of Kubernetes kinds', () => {
  const spec = { containers: [{ name: 'a' }, { name: 'b' }] };
  const running = { ready: true, restartCount: 1, state: { running: {} } };

  for (const [name, status, expected] of [
    ['nothing reported', undefined, ['0/2', 'Unknown', '0']],
    ['a phase', { phase: 'Pending' }, ['0/2', 'Pending', '0']],
    ['a reason', { phase: 'Failed', reason: 'Evicted' }, ['0/2', 'Evicted', '0']],
    ['all running', { phase: 'Running', containerStatuses: [running, running] }, ['2/2', 'Running', '2']],
    [
      'one waiting',
      {
        phase: 'Running',
        containerStatuses: [
          running,
          { ready: false, restartCount: 5, state: { waiting: { reason: 'CrashLoopBackOff' } } },
        ],
      },
      ['1/2', 'CrashLoopBackOff', '6'],
    ],
    [
      'one done and one running',
      {
        phase: 'Running',
        containerStatuses: [
          { ready: false, restartCount: 0, state: { terminated: { exitCode: 0, reason: 'Completed' } } },
          running,
        ],
      },
      ['1/2', 'Running', '1'],
    ],
    [
      'killed',
      {
        phase: 'Failed',
        containerStatuses: [
          { ready: false, restartCount: 0, state: { terminated: { exitCode: 137, signal: 9 } } },
        ],
      },
      ['0/2', 'Signal:9', '0'],
    ],
    [
      'ended',
      {
        phase: 'Failed',
        containerStatuses: [{ ready: false, restartCount: 0, state: { terminated: { exitCode: 3 } } }],
      },
      ['0/2', 'ExitCode:3', '0'],
    ],
  ] as const) {
    it(`shows a Pod with ${name}`, () => {
      const object = { spec, status };

      assert.deepEqual(
        ['Ready', 'Status', 'Restarts'].map((column) => cell(Pod, column, object)),
        expected,
      );
    });
  }

  it('shows a Pod that initialises or leaves', () => {
    const init = { containers: [{}], initContainers: [{ name: 'i' }, { name: 'j' }] };
    const waiting = {
      name: 'i',
      ready: false,
      restartCount: 0,
      state: { waiting: { reason: 'PodInitializing' } },
    };
    const failed = { name: 'i', ready: false, restartCount: 0, state: { terminated: { exitCode: 1 } } };

    assert.equal(
      cell(Pod, 'Status', { spec: init, status: { initContainerStatuses: [waiting] } }),
      'Init:0/2',
    );
    assert.equal(
      cell(Pod, 'Status', { spec: init, status: { initContainerStatuses: [failed] } }),
      'Init:ExitCode:1',
    );
    const leaving = { metadata: { deletionTimestamp: 'now' }, spec, status: { phase: 'Running' } };
    assert.equal(cell(Pod, 'Status', leaving), 'Terminating');
  });

  it('counts a sidecar as a container', () => {
    const object = {
      spec: { containers: [{ name: 'a' }], initContainers: [{ name: 's', restartPolicy: 'Always' }] },
      status: {
        phase: 'Running',
        containerStatuses: [running],
        initContainerStatuses: [{ ...running, name: 's', started: true }],
      },
    };

    assert.equal(cell(Pod, 'Ready', object), '2/2');
    assert.equal(cell(Pod, 'Status', object), 'Running');
  });

  it('shows ports and addresses of a Service', () => {
    const ports = [
      { port: 80, nodePort: 30080, protocol: 'TCP' },
      { port: 53, protocol: 'UDP' },
    ];

    assert.equal(cell(Service, 'Port(s)', { spec: { type: 'NodePort', ports } }), '80:30080/TCP,53/UDP');
    assert.equal(cell(Service, 'Port(s)', { spec: { type: 'ExternalName' } }), '<none>');
    assert.equal(cell(Service, 'External-IP', { spec: { type: 'LoadBalancer' } }), '<pending>');
    const ingress = [{ ip: '192.0.2.1' }, { hostname: 'lb.example' }];
    const balanced = { spec: { type: 'LoadBalancer' }, status: { loadBalancer: { ingress } } };
    assert.equal(cell(Service, 'External-IP', balanced), '192.0.2.1,lb.example');
    assert.equal(
      cell(Service, 'External-IP', { spec: { type: 'ExternalName', externalName: 'a.example' } }),
      'a.example',
    );
    assert.equal(cell(Service, 'Cluster-IP', { spec: { clusterIP: 'None' } }), 'None');
  });

  it('shows what a ResourceQuota counts, limits apart', () => {
    const hard = { pods: 10, 'requests.cpu': '4', 'limits.cpu': '8' };
    const status = { hard, used: { pods: 2, 'requests.cpu': '500m', 'limits.cpu': '1' } };

    assert.equal(cell(ResourceQuota, 'Request', { spec: {}, status }), 'pods: 2/10, requests.cpu: 500m/4');
    assert.equal(cell(ResourceQuota, 'Limit', { spec: {}, status }), 'limits.cpu: 1/8');
    assert.equal(cell(ResourceQuota, 'Limit', { spec: { hard } }), 'limits.cpu: ?/8');
  });

  it('shows the selector of a NetworkPolicy', () => {
    const podSelector = {
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['b', 'a'] },
        { key: 'old', operator: 'DoesNotExist' },
      ],
    };

    assert.equal(
      cell(NetworkPolicy, 'Pod-Selector', { spec: { podSelector } }),
      'app=web,!old,tier in (a,b)',
    );
    assert.equal(cell(NetworkPolicy, 'Pod-Selector', { spec: { podSelector: {} } }), '<none>');
  });

  it('shows state and duration of a Job', () => {
    const job = { spec: { completions: 3, parallelism: 1, suspend: false } };
    const status = {
      succeeded: 3,
      startTime: '2026-01-01T00:00:00Z',
      completionTime: '2026-01-01T01:02:03Z',
      conditions: [{ type: 'Complete', status: 'True' }],
    };

    assert.deepEqual(
      ['Status', 'Completions', 'Duration'].map((column) => cell(Job, column, { ...job, status })),
      ['Complete', '3/3', '1h2m'],
    );
    assert.deepEqual(
      ['Status', 'Completions', 'Duration'].map((column) => cell(Job, column, { spec: { parallelism: 2 } })),
      ['Running', '0/1 of 2', ''],
    );
  });

  it('shows the other kinds', () => {
    const binding = {
      roleRef: { kind: 'ClusterRole', name: 'r' },
      subjects: [
        { kind: 'User', name: 'a' },
        { kind: 'ServiceAccount', name: 's', namespace: 'n' },
      ],
    };
    assert.equal(cell(ClusterRoleBinding, 'Role', binding), 'ClusterRole/r');
    assert.equal(cell(ClusterRoleBinding, 'ServiceAccounts', binding), 'n/s');
    const subsets = [{ addresses: [{ ip: '1' }, { ip: '2' }], ports: [{ port: 80 }, { port: 81 }] }];
    assert.equal(cell(Endpoints, 'Endpoints', { subsets }), '1:80,2:80,1:81 + 1 more...');
    const rules = ['a', 'b', 'c', 'd'].map((host) => ({ host }));
    assert.equal(cell(Ingress, 'Hosts', { spec: { rules } }), 'a,b,c + 1 more...');
    assert.equal(cell(Ingress, 'Ports', { spec: { tls: [{}] } }), '80, 443');
    assert.equal(cell(CronJob, 'Suspend', { spec: { suspend: true } }), 'True');
    const event = { involvedObject: { kind: 'Pod', name: 'web' }, lastTimestamp: 't', firstTimestamp: 's' };
    assert.equal(cell(Event, 'Object', event), 'pod/web');
    assert.equal(cell(Event, 'Last Seen', event), 't');
  });
});
