import assert from 'node:assert/strict';
import type { JsonObject } from '../../../api/json.ts';
import type { Kind } from '../../../api/kind.ts';
import { CronJob } from '../../../kinds/native/cron-job.ts';
import { DaemonSet } from '../../../kinds/native/daemon-set.ts';
import { Deployment } from '../../../kinds/native/deployment.ts';
import { Job } from '../../../kinds/native/job.ts';
import { PersistentVolumeClaim } from '../../../kinds/native/persistent-volume-claim.ts';
import { Pod } from '../../../kinds/native/pod.ts';
import { ReplicaSet } from '../../../kinds/native/replica-set.ts';
import { ReplicationController } from '../../../kinds/native/replication-controller.ts';
import { StatefulSet } from '../../../kinds/native/stateful-set.ts';
import { createAdmissionWorld } from '../../../../test/support/admission.ts';
import { kcm, NS, pod } from '../../../../test/support/natives.ts';
import { agent, ann, controllers, dev, user } from '../../../../test/support/policy.ts';
import { codesOf, createReviewWorld } from '../../../../test/support/reviews.ts';

const containers: JsonObject[] = [{ name: 'main', image: 'registry.example/app:1' }];
const claim = (metadata: JsonObject): JsonObject => ({ metadata, spec: { accessModes: ['ReadWriteOnce'] } });
const scratch = (metadata: JsonObject): JsonObject => ({
  containers,
  volumes: [
    { name: 'tmp', emptyDir: {} },
    { name: 'scratch', ephemeral: { volumeClaimTemplate: claim(metadata) } },
  ],
});
const made = (kind: Kind, spec: JsonObject): JsonObject => ({
  apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
  kind: kind.kind,
  metadata: { name: 'w', namespace: NS },
  spec,
});
const TEMPLATED: readonly Kind[] = [
  Deployment,
  ReplicaSet,
  StatefulSet,
  DaemonSet,
  Job,
  ReplicationController,
];
const VOLUME = 'volumes[1].ephemeral.volumeClaimTemplate.metadata';

type Place = readonly [kind: Kind, field: string, of: (metadata: JsonObject) => JsonObject];
/** Every place in which metadata is described, by the field that a refusal names. */
const PLACES: readonly Place[] = [
  [Pod, `spec.${VOLUME}`, (metadata) => made(Pod, scratch(metadata))],
  ...TEMPLATED.flatMap((kind): readonly Place[] => [
    [
      kind,
      'spec.template.metadata',
      (metadata) => made(kind, { template: { metadata, spec: { containers } } }),
    ],
    [
      kind,
      `spec.template.spec.${VOLUME}`,
      (metadata) => made(kind, { template: { spec: scratch(metadata) } }),
    ],
  ]),
  [
    StatefulSet,
    'spec.volumeClaimTemplates[1].metadata',
    (metadata) =>
      made(StatefulSet, {
        template: { spec: { containers } },
        volumeClaimTemplates: [claim({ name: 'a' }), claim(metadata)],
      }),
  ],
  [
    CronJob,
    'spec.jobTemplate.metadata',
    (metadata) => made(CronJob, { jobTemplate: { metadata, spec: { template: { spec: { containers } } } } }),
  ],
  [
    CronJob,
    'spec.jobTemplate.spec.template.metadata',
    (metadata) => made(CronJob, { jobTemplate: { spec: { template: { metadata, spec: { containers } } } } }),
  ],
  [
    CronJob,
    `spec.jobTemplate.spec.template.spec.${VOLUME}`,
    (metadata) => made(CronJob, { jobTemplate: { spec: { template: { spec: scratch(metadata) } } } }),
  ],
];

const FOREIGN: JsonObject = { 'polder.dev/tenant': 'globex', 'polder.dev/tenant-uid': 'uid-globex' };
const TRUE: JsonObject = { 'polder.dev/tenant': 'acme', 'polder.dev/tenant-uid': 'uid-acme' };
const CLAIMS: readonly (readonly [metadata: JsonObject, fields: readonly string[]])[] = [
  [{ labels: FOREIGN }, ['labels[polder.dev/tenant]', 'labels[polder.dev/tenant-uid]']],
  [{ labels: { ...TRUE, 'polder.dev/tenant-uid': 'uid-globex' } }, ['labels[polder.dev/tenant-uid]']],
  [{ labels: { 'data.POLDER.dev/x': '' } }, ['labels[data.POLDER.dev/x]']],
  // The truth is a label; as an annotation it is one of ours that nobody set.
  [{ annotations: TRUE }, ['annotations[polder.dev/tenant]', 'annotations[polder.dev/tenant-uid]']],
  [{ annotations: { 'polder.dev/desired-hash': 'x' } }, ['annotations[polder.dev/desired-hash]']],
  [{ finalizers: ['polder.dev/x', 'example.com/y'] }, ['finalizers[0]']],
  [{ finalizers: ['polder.dev/depots'] }, ['finalizers[0]']],
];

describe('admission of metadata in templates', () => {
  for (const [kind, place, of] of PLACES) {
    it(`B28 U7 refuses what is ours in ${place} of a ${kind.kind}, made and changed, and names the field`, () => {
      const world = createReviewWorld();
      for (const [metadata, fields] of CLAIMS) {
        for (const old of [undefined, of({})]) {
          const status = world.refusal({
            user: dev,
            kind,
            object: of(metadata),
            ...(old === undefined ? {} : { old }),
          });
          assert.equal(status.code, 403);
          assert.deepEqual(
            status.details?.causes?.map(({ field }) => field),
            fields.map((field) => `${place}.${field}`),
          );
        }
      }
    });
  }

  it('B28 refuses another lie in the place of the first one, and lets both stay and go', () => {
    const world = createReviewWorld();
    const initech = { labels: { ...FOREIGN, 'polder.dev/tenant': 'initech' } };
    for (const [kind, , of] of PLACES) {
      const old = of({ labels: FOREIGN });
      const status = world.refusal({ user: dev, kind, object: of(initech), old });
      assert.match(status.message ?? '', /\.labels\[polder\.dev\/tenant\]: /);
      for (const metadata of [{ labels: FOREIGN }, { labels: TRUE }, {}])
        world.admit({ user: dev, kind, object: of(metadata), old });
    }
  });

  it('lets what was there before stay when its place in the list moves, and not come again', () => {
    const world = createReviewWorld();
    const volumes = (...names: readonly string[]): JsonObject =>
      made(Deployment, {
        template: {
          spec: {
            containers,
            volumes: names.map((name) => ({
              name,
              ephemeral: { volumeClaimTemplate: claim(name === 'odd' ? { labels: FOREIGN } : {}) },
            })),
          },
        },
      });
    const old = volumes('odd');
    world.admit({ user: dev, kind: Deployment, object: volumes('first', 'odd'), old });
    const status = world.refusal({ user: dev, kind: Deployment, object: volumes('odd', 'odd'), old });
    assert.deepEqual(codesOf(status), ['TENANT_IMMUTABLE', 'TENANT_IMMUTABLE']);
  });

  it('P07 lets templates say what is true, ask for Credentials, and carry keys of their own', () => {
    const world = createReviewWorld();
    const metadata = {
      labels: { ...TRUE, 'polder.dev/inject': 'false', 'notpolder.dev/x': '' },
      annotations: { 'polder.dev/rotate-at': 'now' },
      finalizers: ['example.com/y'],
    };
    for (const [kind, , of] of PLACES) world.admit({ user: dev, kind, object: of(metadata) });
  });

  it('lets our own programs write what they mean, and looks at nothing outside of tenants', () => {
    const world = createReviewWorld();
    for (const [kind, , of] of PLACES) {
      const object = of({ labels: FOREIGN, finalizers: ['polder.dev/x'] });
      for (const ours of [controllers, agent]) world.admit({ user: ours, kind, object });
      const outside = { ...object, metadata: { name: 'w', namespace: 'default' } };
      world.admit({ user: user('olga', 'system:masters'), kind, object: outside });
    }
  });

  it('B28 holds on the embedded plane too', async () => {
    const world = createAdmissionWorld();
    const [, , of] = PLACES.find(([kind]) => kind === Deployment) ?? assert.fail();
    const status = await world.refusal({ user: ann, kind: Deployment, object: of({ labels: FOREIGN }) });
    assert.match(status.message, /spec\.template\.metadata\.labels\[polder\.dev\/tenant\]: /);
  });

  describe('that programs of the cluster copy', () => {
    const rs = kcm('replicaset-controller');
    const marked = (metadata: JsonObject): JsonObject => pod({}, metadata);

    it('B28 a pod, a claim and a Job get no label of another tenant and no finalizer of ours', () => {
      const world = createReviewWorld();
      const makers: readonly (readonly [Kind, ReturnType<typeof user>])[] = [
        [Pod, rs],
        [Pod, user('system:kube-controller-manager')],
        [PersistentVolumeClaim, kcm('statefulset-controller')],
        [Job, kcm('cronjob-controller')],
        [ReplicaSet, kcm('deployment-controller')],
      ];
      for (const [kind, maker] of makers) {
        for (const metadata of [{ labels: FOREIGN }, { finalizers: ['polder.dev/x'] }]) {
          const object = { ...marked(metadata), kind: kind.kind };
          const status = world.refusal({ user: maker, kind, object });
          assert.equal(status.code, 403, `${kind.kind} by ${maker.name}`);
        }
        const uid = world.refusal({
          user: maker,
          kind,
          object: marked({ labels: { 'polder.dev/tenant-uid': 'uid-globex' } }),
        });
        assert.deepEqual(codesOf(uid), ['TENANT_IMMUTABLE']);
      }
    });

    it('P06 everything else they write passes: the truth, what asks for Credentials, and what was there', () => {
      const world = createReviewWorld();
      const annotations = { 'polder.dev/depots': '', 'polder.dev/desired-hash': 'x' };
      const stamped = world.admit({ user: rs, kind: Pod, object: marked({ annotations }) });
      assert.deepEqual((stamped['metadata'] as JsonObject)['labels'], {
        'polder.dev/tenant-uid': 'uid-acme',
      });
      world.admit({ user: rs, kind: Pod, object: marked({ labels: TRUE }) });
      const old = marked({ labels: FOREIGN, finalizers: ['polder.dev/x'] });
      const adopted = marked({ labels: { ...FOREIGN, app: 'w' }, finalizers: ['polder.dev/x'] });
      world.admit({ user: rs, kind: Pod, object: adopted, old });
      world.admit({ user: rs, kind: Pod, object: marked({}), old });
    });
  });

  it('B28 anybody may put a label right that says what is not so, and nobody takes away what is', () => {
    const world = createReviewWorld();
    const wrong = pod({}, { labels: FOREIGN });
    for (const labels of [TRUE, {}, { 'polder.dev/tenant-uid': 'uid-acme' }])
      world.admit({ user: dev, kind: Pod, object: pod({}, { labels }), old: wrong });
    const right = pod({}, { labels: TRUE });
    const status = world.refusal({ user: dev, kind: Pod, object: pod(), old: right });
    assert.deepEqual(codesOf(status), ['TENANT_IMMUTABLE']);
  });
});
