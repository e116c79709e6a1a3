import assert from 'node:assert/strict';
import { ruleSuite } from '../../test/conformance/kind.ts';
import { DataPlane } from './data-plane.ts';

const infrastructure = (config: Record<string, Record<string, number | string>>) => ({
  spec: { infrastructureConfig: config },
});

ruleSuite(DataPlane, [
  {
    name: 'A9 no instances',
    change: infrastructure({ postgresql: { instances: 0 } }),
    fields: ['spec.infrastructureConfig.postgresql.instances'],
  },
  {
    name: 'A9 storage that shrinks',
    change: infrastructure({ postgresql: { storage: '99Gi' } }),
    fields: ['spec.infrastructureConfig.postgresql.storage'],
    update: true,
  },
  {
    name: 'A9 two sizes that shrink, naming both',
    change: infrastructure({ qdrant: { storage: '1Gi' }, meilisearch: { storage: '99999Mi' } }),
    fields: ['spec.infrastructureConfig.qdrant.storage', 'spec.infrastructureConfig.meilisearch.storage'],
    update: true,
  },
  {
    name: 'A9 storage that grows, in another unit',
    change: infrastructure({ postgresql: { storage: '1Ti' } }),
    fields: [],
    update: true,
  },
  {
    name: 'a chart version that is no version',
    change: { spec: { chartConfiguration: { infrastructure: { version: 'latest' } } } },
    fields: ['spec.chartConfiguration.infrastructure.version'],
  },
  {
    name: 'itself as its observability plane',
    change: { spec: { observabilityPlaneRef: 'eu1' } },
    fields: ['spec.observabilityPlaneRef'],
  },
  { name: 'no role at all', change: { spec: { roles: [] } }, fields: ['spec.roles'] },
  { name: 'an unknown role', change: { spec: { roles: ['gpu'] } }, fields: ['spec.roles[0]'] },
]);

describe('columns of DataPlane', () => {
  const cellOf = (name: string, status: object): unknown => {
    const column = DataPlane.columns.find((each) => each.name === name);
    assert.ok(column !== undefined);
    return column.cell({ metadata: { name: 'eu1' }, spec: {}, status });
  };

  it('A20 shows the component in the worst state', () => {
    const components = [
      { name: 'minio', health: 'Progressing' },
      { name: 'qdrant', health: 'Degraded' },
      { name: 'postgresql', health: 'Healthy' },
    ];

    assert.equal(cellOf('Worst', { components }), 'qdrant=Degraded');
  });

  it('A20 shows Connected as the condition says, and nothing before the first report', () => {
    const condition = { type: 'Connected', status: 'True', reason: 'R', message: '', lastTransitionTime: '' };

    assert.equal(cellOf('Connected', { conditions: [condition] }), 'True');
    assert.equal(cellOf('Connected', {}), undefined);
  });

  it('A8 shows a chart that is being rolled out as from->to', () => {
    const charts = [
      { name: 'infrastructure', version: '2.1.0', target: '2.2.0' },
      { name: 'dataApi', version: '1.5.0', target: '1.5.0' },
    ];

    assert.equal(cellOf('Charts', { charts }), 'infrastructure@2.1.0->2.2.0,dataApi@1.5.0');
  });
});
