/** DeploymentPipeline: valid when all its environments are there; where releases enter, and in which order they go. */
import { DeploymentPipeline, promotionOrder, rootsOf } from '../../apiserver/kinds/deployment-pipeline.ts';
import { Environment } from '../../apiserver/kinds/environment.ts';
import { no, yes } from './core/conditions.ts';
import type { Reconciler, ReconcilerDeps } from './core/reconciler.ts';
import { createStatusReconciler, onReferenced } from './core/status-reconciler.ts';

export function createDeploymentPipelineReconciler({ informers }: ReconcilerDeps): Reconciler {
  const pipelines = informers.of(DeploymentPipeline);
  const environments = informers.of(Environment);
  return createStatusReconciler({
    name: 'deployment-pipeline',
    objects: pipelines,
    triggers: [onReferenced(pipelines, environments, (pipeline, name) => namesIn(pipeline).includes(name))],
    conclude: (pipeline) => {
      const { namespace } = pipeline.metadata;
      const missing = namesIn(pipeline).filter((name) => environments.get({ namespace, name }) === undefined);
      const order = promotionOrder(pipeline.spec.promotionPaths);
      return {
        conditions: {
          Valid:
            missing.length === 0
              ? yes('Valid')
              : no('EnvironmentNotFound', `environments do not exist: ${missing.join(', ')}`),
        },
        fields: {
          root: rootsOf(pipeline.spec.promotionPaths)[0],
          order: order.ok ? order.order : undefined,
        },
      };
    },
  });
}

const namesIn = ({ spec }: DeploymentPipeline): readonly string[] => [
  ...new Set(
    spec.promotionPaths.flatMap((path) => [path.sourceEnvironmentRef, ...path.targetEnvironmentRefs]),
  ),
];
