/** What a cluster fills in for the user. */
import assert from 'node:assert/strict';
import { admit } from '../../../test/conformance/kind.ts';
import { at, type JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { ConfigMap } from './config-map.ts';
import { CronJob } from './cron-job.ts';
import { DaemonSet } from './daemon-set.ts';
import { Deployment } from './deployment.ts';
import { Job } from './job.ts';
import { MutatingWebhookConfiguration } from './mutating-webhook-configuration.ts';
import { Namespace } from './namespace.ts';
import { NetworkPolicy } from './network-policy.ts';
import { PersistentVolumeClaim } from './persistent-volume-claim.ts';
import { Pod } from './pod.ts';
import { RoleBinding } from './role-binding.ts';
import { Secret } from './secret.ts';
import { Service } from './service.ts';
import { StatefulSet } from './stateful-set.ts';

const metadata = { name: 'web', namespace: 'play', uid: 'u-1' };
const pod = { containers: [{ name: 'c', image: 'nginx:1' }] };
const template = { metadata: { labels: { app: 'web' } }, spec: pod };
const selector = { matchLabels: { app: 'web' } };

function stored(kind: Kind, fields: JsonObject): JsonObject {
  const { object, causes, unknown } = admit(kind, { metadata, ...fields });
  assert.deepEqual([causes, unknown], [[], []]);
  return object;
}

/** Every path with the value that must stand there; undefined: nothing. */
function holds(object: JsonObject, expected: Readonly<Record<string, unknown>>): void {
  for (const [path, value] of Object.entries(expected)) assert.deepEqual(at(object, path), value, path);
}

describe('defaults of Kubernetes kinds', () => {
  it('fills in a Deployment', () => {
    holds(stored(Deployment, { spec: { selector, template } }), {
      'spec.replicas': 1,
      'spec.revisionHistoryLimit': 10,
      'spec.progressDeadlineSeconds': 600,
      'spec.strategy': { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      'spec.template.spec.restartPolicy': 'Always',
      'spec.template.spec.dnsPolicy': 'ClusterFirst',
      'spec.template.spec.schedulerName': 'default-scheduler',
      'spec.template.spec.terminationGracePeriodSeconds': 30,
      'spec.template.spec.securityContext': {},
      'spec.template.spec.enableServiceLinks': undefined,
      'spec.template.spec.serviceAccountName': undefined,
      'spec.template.spec.containers': [
        {
          name: 'c',
          image: 'nginx:1',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          imagePullPolicy: 'IfNotPresent',
        },
      ],
    });
  });

  it('keeps a strategy without rolling update as it is', () => {
    const object = stored(Deployment, { spec: { selector, template, strategy: { type: 'Recreate' } } });

    holds(object, { 'spec.strategy': { type: 'Recreate' } });
  });

  it('fills in only what is missing of a rolling update', () => {
    const strategy = { rollingUpdate: { maxSurge: 1 } };

    holds(stored(Deployment, { spec: { selector, template, strategy } }), {
      'spec.strategy.rollingUpdate': { maxUnavailable: '25%', maxSurge: 1 },
    });
  });

  for (const [image, policy] of [
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.27', 'IfNotPresent'],
    ['registry.example.com:5000/nginx', 'Always'],
    ['registry.example.com:5000/nginx:1', 'IfNotPresent'],
    ['nginx@sha256:0123', 'IfNotPresent'],
  ] as const) {
    it(`pulls ${image} ${policy}`, () => {
      const object = stored(Pod, { spec: { containers: [{ name: 'c', image }] } });
      const [container] = at(object, 'spec.containers') as readonly JsonObject[];

      assert.equal(container?.['imagePullPolicy'], policy);
    });
  }

  it('fills in a Pod: account, links, requests from limits, phase', () => {
    const resources = { limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '1' } };
    const containers = [{ name: 'c', image: 'a:1', resources, ports: [{ containerPort: 80 }] }];
    const object = stored(Pod, { spec: { containers } });
    const [container] = at(object, 'spec.containers') as readonly JsonObject[];

    holds(object, {
      'spec.serviceAccountName': 'default',
      'spec.serviceAccount': 'default',
      'spec.enableServiceLinks': true,
      'status.phase': 'Pending',
    });
    assert.deepEqual(container?.['resources'], {
      limits: { cpu: '2', memory: '1Gi' },
      requests: { cpu: '1', memory: '1Gi' },
    });
    assert.deepEqual(container['ports'], [{ containerPort: 80, protocol: 'TCP' }]);
  });

  it('keeps the two names of the service account equal', () => {
    holds(stored(Pod, { spec: { ...pod, serviceAccount: 'old' } }), { 'spec.serviceAccountName': 'old' });
    holds(stored(Pod, { spec: { ...pod, serviceAccountName: 'new', serviceAccount: 'old' } }), {
      'spec.serviceAccount': 'new',
    });
  });

  it('fills in a probe', () => {
    const containers = [{ name: 'c', image: 'a:1', livenessProbe: { httpGet: { port: 80 } } }];
    const [container] = at(stored(Pod, { spec: { containers } }), 'spec.containers') as readonly JsonObject[];

    assert.deepEqual(container?.['livenessProbe'], {
      httpGet: { port: 80, scheme: 'HTTP', path: '/' },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    });
  });

  it('fills in a Service, by its type', () => {
    const ports = [{ port: 80 }, { port: 443, name: 'tls', targetPort: 'https' }].map((port, index) => ({
      name: `p${index}`,
      ...port,
    }));
    holds(stored(Service, { spec: { ports } }), {
      'spec.type': 'ClusterIP',
      'spec.sessionAffinity': 'None',
      'spec.internalTrafficPolicy': 'Cluster',
      'spec.externalTrafficPolicy': undefined,
      'spec.ports': [
        { name: 'p0', port: 80, protocol: 'TCP', targetPort: 80 },
        { name: 'tls', port: 443, protocol: 'TCP', targetPort: 'https' },
      ],
    });
    holds(stored(Service, { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } }), {
      'spec.externalTrafficPolicy': 'Cluster',
      'spec.allocateLoadBalancerNodePorts': true,
    });
    holds(stored(Service, { spec: { type: 'ExternalName', externalName: 'a.example' } }), {
      'spec.internalTrafficPolicy': undefined,
    });
  });

  it('moves stringData of a Secret into data and gives none of it back', () => {
    const object = stored(Secret, { data: { a: 'YQ==', b: 'Yg==' }, stringData: { b: 'é', c: '' } });

    holds(object, { type: 'Opaque', data: { a: 'YQ==', b: 'w6k=', c: '' }, stringData: undefined });
  });

  it('tells a NetworkPolicy its directions', () => {
    holds(stored(NetworkPolicy, { spec: {} }), { 'spec.podSelector': {}, 'spec.policyTypes': ['Ingress'] });
    holds(stored(NetworkPolicy, { spec: { egress: [{}] } }), { 'spec.policyTypes': ['Ingress', 'Egress'] });
    holds(stored(NetworkPolicy, { spec: { policyTypes: ['Egress'] } }), { 'spec.policyTypes': ['Egress'] });
  });

  it('starts a Namespace as active, named in a label, with the finalizer of Kubernetes', () => {
    const object = stored(Namespace, {});

    assert.deepEqual(at(object, 'metadata.labels'), { 'kubernetes.io/metadata.name': 'web' });
    holds(object, { 'spec.finalizers': ['kubernetes'], 'status.phase': 'Active' });
  });

  it('does not give a Namespace that leaves its finalizer back', () => {
    const leaving = { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
    const { object } = admit(Namespace, { metadata: leaving, spec: { finalizers: [] } });

    holds(object, { 'spec.finalizers': [], 'status.phase': 'Terminating' });
  });

  it('makes a Job select its own pods', () => {
    const object = stored(Job, { spec: { template: { spec: { ...pod, restartPolicy: 'Never' } } } });
    const labels = at(object, 'spec.template.metadata.labels') as JsonObject;

    assert.deepEqual(at(object, 'spec.selector'), {
      matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' },
    });
    assert.equal(labels['batch.kubernetes.io/controller-uid'], 'u-1');
    assert.equal(labels['batch.kubernetes.io/job-name'], 'web');
    holds(object, { 'spec.completions': 1, 'spec.parallelism': 1, 'spec.backoffLimit': 6 });
  });

  it('leaves the selector of a Job alone that brings its own', () => {
    const own = {
      template: { metadata: template.metadata, spec: { ...pod, restartPolicy: 'Never' } },
      selector,
    };

    holds(stored(Job, { spec: { ...own, manualSelector: true } }), { 'spec.selector': selector });
  });

  it('fills in the other workloads', () => {
    holds(stored(StatefulSet, { spec: { selector, template } }), {
      'spec.replicas': 1,
      'spec.podManagementPolicy': 'OrderedReady',
      'spec.updateStrategy': { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      'spec.persistentVolumeClaimRetentionPolicy': { whenDeleted: 'Retain', whenScaled: 'Retain' },
    });
    holds(stored(DaemonSet, { spec: { selector, template } }), {
      'spec.updateStrategy.rollingUpdate': { maxUnavailable: 1, maxSurge: 0 },
    });
    const job = { template: { spec: { ...pod, restartPolicy: 'OnFailure' } } };
    holds(stored(CronJob, { spec: { schedule: '@hourly', jobTemplate: { spec: job } } }), {
      'spec.concurrencyPolicy': 'Allow',
      'spec.suspend': false,
      'spec.successfulJobsHistoryLimit': 3,
      'spec.failedJobsHistoryLimit': 1,
    });
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    holds(stored(PersistentVolumeClaim, { spec: claim }), {
      'spec.volumeMode': 'Filesystem',
      'status.phase': 'Pending',
    });
  });

  it('fills in groups of subjects and of roles', () => {
    const object = stored(RoleBinding, {
      subjects: [
        { kind: 'User', name: 'ann' },
        { kind: 'ServiceAccount', name: 'sa', namespace: 'play' },
      ],
      roleRef: { kind: 'Role', name: 'r' },
    });

    holds(object, {
      'roleRef.apiGroup': 'rbac.authorization.k8s.io',
      subjects: [
        { kind: 'User', name: 'ann', apiGroup: 'rbac.authorization.k8s.io' },
        { kind: 'ServiceAccount', name: 'sa', namespace: 'play' },
      ],
    });
  });

  it('fills in a webhook', () => {
    const webhook = {
      name: 'a.example.com',
      clientConfig: { service: { name: 's', namespace: 'n' } },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    const [stored1] = stored(MutatingWebhookConfiguration, { webhooks: [webhook] })[
      'webhooks'
    ] as JsonObject[];

    assert.ok(stored1 !== undefined);
    holds(stored1, {
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      timeoutSeconds: 10,
      reinvocationPolicy: 'Never',
      namespaceSelector: {},
      objectSelector: {},
      'clientConfig.service.port': 443,
    });
  });

  it('changes nothing of what it has stored already', () => {
    for (const [kind, fields] of [
      [Deployment, { spec: { selector, template } }],
      [Pod, { spec: pod }],
      [Service, { spec: { ports: [{ port: 80 }] } }],
      [Secret, { stringData: { a: 'b' } }],
      [Namespace, {}],
      [Job, { spec: { template: { spec: { ...pod, restartPolicy: 'Never' } } } }],
      [ConfigMap, { data: { a: 'b' } }],
    ] as const) {
      const object = stored(kind, fields);
      const again = admit(kind, object, object);

      assert.deepEqual([again.object, again.causes], [object, []], kind.kind);
    }
  });
});
