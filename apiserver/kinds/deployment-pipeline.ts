/** A DeploymentPipeline says from which environment to which others a release may be promoted. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { list, listMap, obj, opt, set, type Value } from '../api/schema.ts';
import { orderOf, type Ordered } from './graph.ts';
import { objectName } from './names.ts';
import { conditions, conditionStatus, observedGeneration } from './status.ts';

const path = obj('One step of promotion.', {
  sourceEnvironmentRef: objectName('Environment that a release must have been ready in.'),
  targetEnvironmentRefs: set('Environments that it may go to next.', objectName('Name of an Environment.'), {
    minItems: 1,
    maxItems: 32,
  }),
});

const spec = obj('Desired state.', {
  promotionPaths: listMap(
    'Steps by source; exactly one source must never be a target.',
    'sourceEnvironmentRef',
    path,
    {
      minItems: 1,
      maxItems: 32,
    },
  ),
});

const status = obj('Observed state, written by controllers only.', {
  observedGeneration,
  root: opt(objectName('Environment that releases enter first.')),
  order: opt(
    list('Environments, each after those it is promoted from.', objectName('Name of an Environment.'), {
      maxItems: 1056,
    }),
  ),
  conditions: conditions('Valid'),
});

export const DeploymentPipeline = defineKind({
  kind: 'DeploymentPipeline',
  plural: 'deploymentpipelines',
  shortNames: ['pipe'],
  scope: 'Namespaced',
  doc: 'The order of environments in which releases of products are promoted; the server enforces it.',
  spec,
  status,
  references: [
    { field: 'spec.promotionPaths[].sourceEnvironmentRef', to: 'Environment', verb: 'use' },
    { field: 'spec.promotionPaths[].targetEnvironmentRefs[]', to: 'Environment', verb: 'use' },
  ],
  columns: [
    { name: 'Root', type: 'string', cell: (pipeline) => pipeline.status?.root },
    { name: 'Order', type: 'string', cell: (pipeline) => pipeline.status?.order?.join(',') },
    { name: 'Valid', type: 'string', cell: (pipeline) => conditionStatus(pipeline, 'Valid') },
  ],
  check: (pipeline) => checkPaths(pipeline.spec.promotionPaths),
});
export type DeploymentPipeline = ObjectFor<typeof DeploymentPipeline>;

type Paths = readonly Value<typeof path>[];
const FIELD = 'spec.promotionPaths';

/** Sources that are never a target. A valid pipeline has exactly one. */
export function rootsOf(paths: Paths): readonly string[] {
  const targets = new Set(paths.flatMap((each) => each.targetEnvironmentRefs));
  return paths.map((each) => each.sourceEnvironmentRef).filter((source) => !targets.has(source));
}

/** The environments of a pipeline, each after those it is promoted from. */
export function promotionOrder(paths: Paths): Ordered {
  const before = new Map<string, string[]>();
  for (const { sourceEnvironmentRef: source, targetEnvironmentRefs: targets } of paths) {
    if (!before.has(source)) before.set(source, []);
    for (const target of targets) before.set(target, [...(before.get(target) ?? []), source]);
  }
  return orderOf(before);
}

function checkPaths(paths: Paths): readonly Cause[] {
  const order = promotionOrder(paths);
  if (!order.ok)
    return [cause.invalid(FIELD, order.cycle.join(' -> '), 'environments must not form a cycle')];
  const roots = rootsOf(paths);
  if (roots.length === 1) return [];
  return [cause.invalid(FIELD, roots.join(', '), 'exactly one source must never be a target')];
}
