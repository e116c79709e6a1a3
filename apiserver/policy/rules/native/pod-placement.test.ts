import assert from 'node:assert/strict';
import type { JsonObject } from '../../../api/json.ts';
import { Compute } from '../../../kinds/compute.ts';
import { DaemonSet } from '../../../kinds/native/daemon-set.ts';
import { Pod } from '../../../kinds/native/pod.ts';
import { kcm, pod, template } from '../../../../test/support/natives.ts';
import { dev } from '../../../../test/support/policy.ts';
import { codesOf, createReviewWorld } from '../../../../test/support/reviews.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const required = (term: JsonObject): JsonObject => ({
  affinity: { nodeAffinity: { [REQUIRED]: { nodeSelectorTerms: [{}, term] } } },
});
const preferred = (preference: JsonObject): JsonObject => ({
  affinity: { nodeAffinity: { [PREFERRED]: [{ weight: 1, preference }] } },
});
const nodeName = (operator: string): JsonObject => ({
  matchFields: [{ key: 'metadata.name', operator, values: ['node-b'] }],
});
const hostname = (operator: string, ...values: readonly string[]): JsonObject => ({
  matchExpressions: [
    { key: 'team', operator: 'Exists' },
    { key: 'kubernetes.io/hostname', operator, ...(values.length === 0 ? {} : { values }) },
  ],
});

/** What chooses a node, by the field that the refusal names. */
const CHOICES: readonly (readonly [field: string, spec: JsonObject])[] = [
  ['nodeName', { nodeName: 'node-b' }],
  ['nodeSelector[kubernetes.io/hostname]', { nodeSelector: { 'kubernetes.io/hostname': 'node-b' } }],
  ...(
    [
      [`affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms[1]`, required],
      [`affinity.nodeAffinity.${PREFERRED}[0].preference`, preferred],
    ] as const
  ).flatMap(([path, of]): readonly (readonly [string, JsonObject])[] => [
    [`${path}.matchFields[0]`, of(nodeName('In'))],
    [`${path}.matchFields[0]`, of(nodeName('NotIn'))],
    [`${path}.matchExpressions[1]`, of(hostname('In', 'node-a', 'node-b'))],
    [`${path}.matchExpressions[1]`, of(hostname('NotIn', 'node-a'))],
  ]),
];

describe('admission of where pods run', () => {
  it('E62 refuses every way to choose a node, in a Pod and in a template, pools or none', () => {
    const world = createReviewWorld();
    for (const [field, spec] of CHOICES) {
      for (const [path, kind, object] of [
        ['spec', Pod, pod(spec)],
        ['spec.template.spec', DaemonSet, template('DaemonSet', 'apps/v1', spec)],
      ] as const) {
        const status = world.refusal({ user: dev, kind, object });
        assert.deepEqual(codesOf(status), ['POOL_NOT_GRANTED'], JSON.stringify(spec));
        assert.equal(status.details?.causes?.[0]?.field, `${path}.${field}`);
      }
    }
  });

  it('P18 E62 a pool of one node is asked for by its name, by those whom it is open to', () => {
    const world = createReviewWorld();
    for (const [name, owner] of [
      ['node-a', 'acme'],
      ['node-b', 'globex'],
    ] as const) {
      const nodePool = { nodeSelector: { 'kubernetes.io/hostname': name } };
      const metadata = { name: `pool-${name}`, uid: name };
      world.put(Compute, { metadata, spec: { dataPlaneRef: 'here', tenants: [owner], nodePool } });
    }
    const selector = (name: string): JsonObject => ({ nodeSelector: { 'kubernetes.io/hostname': name } });
    for (const spec of [selector('node-a'), required(hostname('In', 'node-a'))])
      world.admit({ user: dev, kind: Pod, object: pod(spec) });
    for (const spec of [
      selector('node-b'),
      required(hostname('In', 'node-a', 'node-b')),
      required(hostname('NotIn', 'node-b', 'node-c')),
      required(nodeName('In')),
    ]) {
      const codes = codesOf(world.refusal({ user: dev, kind: Pod, object: pod(spec) }));
      assert.ok(codes.includes('POOL_NOT_GRANTED'), JSON.stringify(spec));
    }
  });

  it('P17 lets the controller of DaemonSets place its pods, and the tenant change other things about them', () => {
    const world = createReviewWorld();
    const spec = required(nodeName('In'));
    const made = world.admit({ user: kcm('daemon-set-controller'), kind: Pod, object: pod(spec) });
    const metadata = made['metadata'] as JsonObject;
    const labelled = { ...made, metadata: { ...metadata, labels: { team: 'a' } } };
    world.admit({ user: dev, kind: Pod, object: labelled, old: made });
    const moved = { ...made, ...pod(preferred(nodeName('In'))) };
    world.refusal({ user: dev, kind: Pod, object: moved, old: made });
  });

  it('lets pods keep apart from each other and ask for nodes that have a name', () => {
    const world = createReviewWorld();
    const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'w' } } };
    for (const spec of [
      { affinity: { podAntiAffinity: { [REQUIRED]: [term] } } },
      { topologySpreadConstraints: [{ ...term, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }] },
      required(hostname('Exists')),
      { nodeName: '' },
      { nodeSelector: { 'kubernetes.io/os': 'linux' } },
    ])
      world.admit({ user: dev, kind: Pod, object: pod(spec) });
  });
});
