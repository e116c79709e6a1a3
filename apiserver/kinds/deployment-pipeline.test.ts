import assert from 'node:assert/strict';
import { ruleSuite } from '../../test/conformance/kind.ts';
import { DeploymentPipeline, promotionOrder, rootsOf } from './deployment-pipeline.ts';
import { Environment } from './environment.ts';

const path = (sourceEnvironmentRef: string, ...targetEnvironmentRefs: readonly string[]) => ({
  sourceEnvironmentRef,
  targetEnvironmentRefs,
});
const paths = (...promotionPaths: readonly ReturnType<typeof path>[]) => ({ spec: { promotionPaths } });

ruleSuite(DeploymentPipeline, [
  {
    name: 'O3 a fork',
    change: paths(path('dev', 'qa', 'perf'), path('qa', 'prod'), path('perf', 'prod')),
    fields: [],
  },
  { name: 'O3 a cycle', change: paths(path('a', 'b'), path('b', 'a')), fields: ['spec.promotionPaths'] },
  {
    name: 'O3 a cycle behind a root',
    change: paths(path('root', 'a'), path('a', 'b'), path('b', 'a')),
    fields: ['spec.promotionPaths'],
  },
  {
    name: 'O3 a source that is its own target',
    change: paths(path('a', 'a')),
    fields: ['spec.promotionPaths'],
  },
  { name: 'O3 two roots', change: paths(path('a', 'c'), path('b', 'c')), fields: ['spec.promotionPaths'] },
  {
    name: 'O3 one source twice',
    change: paths(path('a', 'b'), path('a', 'c')),
    fields: ['spec.promotionPaths[1]'],
  },
  {
    name: 'a source without targets',
    change: paths(path('a')),
    fields: ['spec.promotionPaths[0].targetEnvironmentRefs'],
  },
]);

describe('order of a pipeline', () => {
  it('O3 starts with the root and puts every environment behind its sources', () => {
    const given = [path('qa', 'prod'), path('dev', 'qa', 'perf'), path('perf', 'prod')];

    assert.deepEqual(rootsOf(given), ['dev']);
    const order = promotionOrder(given);
    assert.ok(order.ok);
    assert.equal(order.order[0], 'dev');
    assert.equal(order.order.at(-1), 'prod');
    assert.deepEqual([...order.order].sort(), ['dev', 'perf', 'prod', 'qa']);
  });
});

ruleSuite(Environment, [
  {
    name: 'O2 another data cluster',
    change: { spec: { dataClusterRef: 'c2' } },
    fields: ['spec.dataClusterRef'],
    update: true,
  },
  { name: 'O2 becoming production', change: { spec: { isProduction: true } }, fields: [], update: true },
]);
