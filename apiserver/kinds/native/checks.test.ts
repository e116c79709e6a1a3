/** What a cluster refuses, and in which field. */
import assert from 'node:assert/strict';
import { admit } from '../../../test/conformance/kind.ts';
import type { JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { ClusterRole } from './cluster-role.ts';
import { ConfigMap } from './config-map.ts';
import { CronJob } from './cron-job.ts';
import { Deployment } from './deployment.ts';
import { Ingress } from './ingress.ts';
import { Job } from './job.ts';
import { Namespace } from './namespace.ts';
import { PersistentVolumeClaim } from './persistent-volume-claim.ts';
import { PodDisruptionBudget } from './pod-disruption-budget.ts';
import { Pod } from './pod.ts';
import { RoleBinding } from './role-binding.ts';
import { Role } from './role.ts';
import { Secret } from './secret.ts';
import { Service } from './service.ts';
import { StatefulSet } from './stateful-set.ts';
import { ValidatingWebhookConfiguration } from './validating-webhook-configuration.ts';

const container = { name: 'c', image: 'nginx:1' };
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } };
const selector = { matchLabels: { app: 'web' } };
const named = (name: string): JsonObject => ({ metadata: { name } });

interface Case {
  readonly kind: Kind;
  readonly name: string;
  readonly object: JsonObject;
  readonly old?: JsonObject;
  /** Empty: accepted. */
  readonly fields: readonly string[];
}
const pod = (spec: JsonObject): JsonObject => ({ spec: { containers: [container], ...spec } });
const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] };
const job = (spec: JsonObject): JsonObject => ({ template: { spec: { containers: [container], ...spec } } });

const CASES: readonly Case[] = [
  { kind: Namespace, name: 'a name with a dot', object: named('a.b'), fields: ['metadata.name'] },
  {
    kind: Namespace,
    name: 'a name of 64 characters',
    object: named('a'.repeat(64)),
    fields: ['metadata.name'],
  },
  {
    kind: Service,
    name: 'a name that starts with a digit',
    object: { ...named('1a'), spec: { ports: [{ port: 80 }] } },
    fields: ['metadata.name'],
  },
  { kind: Service, name: 'no port', object: { spec: {} }, fields: ['spec.ports'] },
  { kind: Service, name: 'no port without an address', object: { spec: { clusterIP: 'None' } }, fields: [] },
  {
    kind: Service,
    name: 'port 0',
    object: { spec: { ports: [{ port: 0 }] } },
    fields: ['spec.ports[0].port'],
  },
  {
    kind: Service,
    name: 'two ports without names',
    object: { spec: { ports: [{ port: 80 }, { port: 81 }] } },
    fields: ['spec.ports[0].name', 'spec.ports[1].name'],
  },
  {
    kind: Service,
    name: 'an alias of nothing',
    object: { spec: { type: 'ExternalName' } },
    fields: ['spec.externalName'],
  },
  { kind: Pod, name: 'no container', object: { spec: { containers: [] } }, fields: ['spec.containers'] },
  {
    kind: Pod,
    name: 'a container without an image',
    object: pod({ containers: [{ name: 'c' }] }),
    fields: ['spec.containers[0].image'],
  },
  {
    kind: Pod,
    name: 'a container with an upper-case name',
    object: pod({ containers: [{ ...container, name: 'C' }] }),
    fields: ['spec.containers[0].name'],
  },
  {
    kind: Pod,
    name: 'two containers of one name',
    object: pod({ containers: [container, container] }),
    fields: ['spec.containers[1]'],
  },
  {
    kind: Pod,
    name: 'a mount of nothing',
    object: pod({ containers: [{ ...container, ...mount }] }),
    fields: ['spec.containers[0].volumeMounts[0].name'],
  },
  {
    kind: Pod,
    name: 'a mount of a volume',
    object: pod({ volumes: [{ name: 'v', emptyDir: {} }], containers: [{ ...container, ...mount }] }),
    fields: [],
  },
  {
    kind: Pod,
    name: 'an unknown restart policy',
    object: pod({ restartPolicy: 'Sometimes' }),
    fields: ['spec.restartPolicy'],
  },
  {
    kind: Pod,
    name: 'port 70000',
    object: pod({ containers: [{ ...container, ports: [{ containerPort: 70_000 }] }] }),
    fields: ['spec.containers[0].ports[0].containerPort'],
  },
  {
    kind: Deployment,
    name: 'a selector that selects others',
    object: { spec: { selector: { matchLabels: { app: 'x' } }, template } },
    fields: ['spec.template.metadata.labels'],
  },
  {
    kind: Deployment,
    name: 'a selector that selects everything',
    object: { spec: { selector: {}, template } },
    fields: ['spec.selector'],
  },
  {
    kind: Deployment,
    name: 'replicas below zero',
    object: { spec: { selector, template, replicas: -1 } },
    fields: ['spec.replicas'],
  },
  {
    kind: Deployment,
    name: 'another selector',
    object: {
      spec: {
        selector: { matchLabels: { app: 'web', a: 'b' } },
        template: { ...template, metadata: { labels: { app: 'web', a: 'b' } } },
      },
    },
    old: { spec: { selector, template } },
    fields: ['spec.selector'],
  },
  {
    kind: StatefulSet,
    name: 'a mount of a claim of its own',
    object: {
      spec: {
        selector,
        template: { ...template, spec: { containers: [{ ...container, ...mount }] } },
        volumeClaimTemplates: [{ metadata: { name: 'v' }, spec: { accessModes: ['ReadWriteOnce'] } }],
      },
    },
    fields: [],
  },
  {
    kind: Job,
    name: 'pods that are always restarted',
    object: { spec: job({}) },
    fields: ['spec.template.spec.restartPolicy'],
  },
  {
    kind: Job,
    name: 'indexes without a number of them',
    object: { spec: { ...job({ restartPolicy: 'Never' }), parallelism: 2, completionMode: 'Indexed' } },
    fields: ['spec.completions'],
  },
  {
    kind: CronJob,
    name: 'a schedule that is none',
    object: { spec: { schedule: 'daily', jobTemplate: { spec: job({ restartPolicy: 'Never' }) } } },
    fields: ['spec.schedule'],
  },
  {
    kind: CronJob,
    name: '@every 1h30m',
    object: { spec: { schedule: '@every 1h30m', jobTemplate: { spec: job({ restartPolicy: 'Never' }) } } },
    fields: [],
  },
  {
    kind: CronJob,
    name: 'an unknown time zone',
    object: {
      spec: {
        schedule: '@daily',
        timeZone: 'Nowhere',
        jobTemplate: { spec: job({ restartPolicy: 'Never' }) },
      },
    },
    fields: ['spec.timeZone'],
  },
  { kind: Secret, name: 'a value that is not base64', object: { data: { a: 'é' } }, fields: ['data.a'] },
  { kind: Secret, name: 'a key with a slash', object: { data: { 'a/b': '' } }, fields: ['data[a/b]'] },
  {
    kind: Secret,
    name: 'a TLS secret without its key',
    object: { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } },
    fields: ['data[tls.key]'],
  },
  { kind: Secret, name: 'another type', object: { type: 'b' }, old: { type: 'a' }, fields: ['type'] },
  {
    kind: Secret,
    name: 'a change of frozen values',
    object: { immutable: true, data: { a: 'YQ==' } },
    old: { immutable: true, data: { a: 'Yg==' } },
    fields: ['data'],
  },
  {
    kind: Secret,
    name: 'thawing of frozen values',
    object: { data: { a: 'YQ==' } },
    old: { immutable: true, data: { a: 'YQ==' } },
    fields: ['immutable'],
  },
  {
    kind: ConfigMap,
    name: 'one key in both maps',
    object: { data: { a: '' }, binaryData: { a: '' } },
    fields: ['data[a]'],
  },
  {
    kind: ConfigMap,
    name: 'a change of frozen values',
    object: { immutable: true, data: { a: '1' } },
    old: { immutable: true, data: { a: '2' } },
    fields: ['data'],
  },
  {
    kind: PersistentVolumeClaim,
    name: 'nothing that is asked for',
    object: { spec: {} },
    fields: ['spec.accessModes', 'spec.resources[storage]'],
  },
  {
    kind: Role,
    name: 'a rule without verbs',
    object: { rules: [{ verbs: [], apiGroups: [''], resources: ['pods'] }] },
    fields: ['rules[0].verbs'],
  },
  {
    kind: Role,
    name: 'a rule without resources',
    object: { rules: [{ verbs: ['get'] }] },
    fields: ['rules[0].apiGroups', 'rules[0].resources'],
  },
  {
    kind: Role,
    name: 'a path',
    object: { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] },
    fields: ['rules[0].nonResourceURLs'],
  },
  {
    kind: ClusterRole,
    name: 'a path',
    object: { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] },
    fields: [],
  },
  {
    kind: RoleBinding,
    name: 'a service account without a namespace',
    object: { subjects: [{ kind: 'ServiceAccount', name: 'a' }], roleRef: { kind: 'Role', name: 'r' } },
    fields: ['subjects[0].namespace'],
  },
  {
    kind: RoleBinding,
    name: 'another role',
    object: { roleRef: { kind: 'Role', name: 'a' } },
    old: { roleRef: { kind: 'Role', name: 'b' } },
    fields: ['roleRef'],
  },
  { kind: Ingress, name: 'nowhere to go', object: { spec: {} }, fields: ['spec'] },
  {
    kind: PodDisruptionBudget,
    name: 'both bounds',
    object: { spec: { minAvailable: 1, maxUnavailable: 1 } },
    fields: ['spec'],
  },
  {
    kind: ValidatingWebhookConfiguration,
    name: 'a short name and no way to reach it',
    object: {
      webhooks: [{ name: 'a', clientConfig: {}, sideEffects: 'None', admissionReviewVersions: ['v1'] }],
    },
    fields: ['webhooks[0].name', 'webhooks[0].clientConfig'],
  },
];

describe('checks of Kubernetes kinds', () => {
  for (const { kind, name, object, old, fields } of CASES) {
    it(`${fields.length === 0 ? 'accepts' : 'refuses'} a ${kind.kind} with ${name}`, () => {
      const full = (given: JsonObject): JsonObject => ({ ...named('web'), ...given });
      const before = old === undefined ? undefined : admit(kind, full(old)).object;

      const { causes } = admit(kind, full(object), before);

      assert.deepEqual(
        causes.map((cause) => cause.field),
        fields,
        JSON.stringify(causes),
      );
    });
  }

  it('does not repeat a value of a Secret in a message', () => {
    const { causes } = admit(Secret, { ...named('s'), data: { a: 'S3NT1NEL!' } });

    assert.equal(causes.length, 1);
    assert.ok(!JSON.stringify(causes).includes('S3NT1NEL'));
  });
});
