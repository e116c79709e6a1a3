import assert from 'node:assert/strict';
import { defineKind } from '../../apiserver/api/kind.ts';
import { int, list, obj, opt, quantity, str } from '../../apiserver/api/schema.ts';
import { conditions, conditionStatus } from '../../apiserver/kinds/status.ts';
import { computedCells, type PrinterColumn } from './columns.ts';
import { customResourceDefinition } from './crd.ts';

const Sample = defineKind({
  kind: 'Sample',
  plural: 'samples',
  shortNames: ['smp'],
  scope: 'Namespaced',
  doc: 'A sample.',
  selectableFields: ['spec.protocol'],
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas' },
  spec: obj('Spec.', {
    protocol: str('Protocol.', { enum: ['S3', 'Kafka'], default: 'S3' }),
    replicas: int('Replicas.', { minimum: 0 }),
    cpu: opt(quantity('CPU.')),
  }),
  status: obj('Status.', {
    replicas: opt(int('Replicas.')),
    parts: opt(list('Parts.', str('Part.'))),
    conditions: conditions('Ready, Broken'),
  }),
  columns: [
    { name: 'Protocol', type: 'string', description: 'How.', cell: (sample) => sample.spec.protocol },
    { name: 'Broken', type: 'string', cell: (sample) => conditionStatus(sample, 'Broken') },
    { name: 'Parts', type: 'integer', wide: true, cell: (sample) => sample.status?.parts?.length },
  ],
});

describe('CustomResourceDefinition of a kind', () => {
  const { metadata, spec } = customResourceDefinition(Sample, 'twin.example.com') as {
    readonly metadata: object;
    // oxlint-disable-next-line typescript/no-explicit-any
    readonly spec: any;
  };
  const [version] = spec.versions;

  it('is named by plural and group, and names what the kind names', () => {
    assert.deepEqual(metadata, { name: 'samples.twin.example.com' });
    assert.equal(spec.scope, 'Namespaced');
    assert.deepEqual(spec.names, {
      plural: 'samples',
      singular: 'sample',
      kind: 'Sample',
      listKind: 'SampleList',
      shortNames: ['smp'],
      categories: ['polder'],
    });
  });

  it('has the subresources and the selectable fields of the kind', () => {
    assert.deepEqual(version.subresources, {
      status: {},
      scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
    });
    assert.deepEqual(version.selectableFields, [{ jsonPath: '.spec.protocol' }]);
  });

  it('has the columns of the kind, as far as a path tells them', () => {
    const path = (name: string): unknown =>
      version.additionalPrinterColumns.find((column: { readonly name: string }) => column.name === name);
    const column = (name: string, jsonPath: string, rest: object = {}): object => ({
      name,
      type: 'string',
      description: '',
      priority: 0,
      jsonPath,
      ...rest,
    });

    assert.deepEqual(path('Protocol'), column('Protocol', '.spec.protocol', { description: 'How.' }));
    assert.deepEqual(path('Broken'), column('Broken', '.status.conditions[?(@.type=="Broken")].status'));
    assert.equal((path('Age') as PrinterColumn).jsonPath, '.metadata.creationTimestamp');
    assert.equal((path('Parts') as PrinterColumn).priority, 1);
    assert.deepEqual([...computedCells(Sample)], [4]);
  });

  it('says nothing that a structural schema must not say', () => {
    const { properties, required } = version.schema.openAPIV3Schema;

    assert.deepEqual(Object.keys(properties).toSorted(), ['metadata', 'spec', 'status']);
    assert.deepEqual(properties.metadata, { type: 'object' });
    assert.deepEqual(required, ['spec']);
    assert.deepEqual(properties.spec.required, ['replicas']);
    assert.deepEqual(properties.spec.properties.cpu.anyOf, [{ type: 'integer' }, { type: 'string' }]);
  });
});
