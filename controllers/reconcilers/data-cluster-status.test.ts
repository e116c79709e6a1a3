import assert from 'node:assert/strict';
import { cluster, reported, work } from '../../test/support/objects.ts';
import { no, yes } from './core/conditions.ts';
import { describeCluster, type Observation } from './data-cluster-status.ts';

const seen = (changes: Partial<Observation> = {}): Observation => ({
  cluster: cluster('main', { dataPlaneRef: 'eu1', slug: 'acme-main' }),
  placed: yes('Placed'),
  work: work('dc-main', { targetNamespace: 'tenant-acme-main' }, reported('Applied', 1)),
  problems: [],
  suspended: false,
  planeConnected: true,
  ...changes,
});
const summary = (observation: Observation): readonly unknown[] => {
  const { conditions, fields } = describeCluster(observation);
  return [fields?.phase, conditions['Ready']?.status, conditions['Ready']?.reason];
};

describe('status of a data cluster', () => {
  const unapplied = work('dc-main', { targetNamespace: 'tenant-acme-main' });
  const cases: readonly (readonly [string, Observation, readonly unknown[]])[] = [
    ['applied', seen(), ['Ready', 'True', 'Ready']],
    [
      'not placed',
      seen({ placed: no('NoDataPlane', 'none'), work: undefined }),
      ['Pending', 'False', 'NoDataPlane'],
    ],
    ['on its way', seen({ work: unapplied }), ['Provisioning', 'False', 'Applying']],
    [
      'plane away',
      seen({ work: unapplied, planeConnected: false }),
      ['Provisioning', 'False', 'WaitingForDataPlane'],
    ],
    [
      'an older generation applied, ready before',
      seen({
        work: work('dc-main', {}, reported('Applied', 1), { generation: 2 }),
      }),
      ['Ready', 'True', 'Ready'],
    ],
    [
      'refused at first',
      seen({ work: work('dc-main', {}, reported('Nack', 1)) }),
      ['Failed', 'False', 'Rejected'],
    ],
    [
      'refused when it was ready',
      seen({
        work: work('dc-main', {}, { ...reported('Nack', 2), appliedRevision: 1 }, { generation: 2 }),
      }),
      ['Degraded', 'False', 'Rejected'],
    ],
    ['suspended', seen({ suspended: true }), ['Suspended', 'False', 'Suspended']],
    [
      'asking for a service that has no driver',
      seen({ cluster: cluster('main', { services: { search: {} } }) }),
      ['Provisioning', 'False', 'NoDriver'],
    ],
    [
      'lacking a template value',
      seen({ problems: ['template "t" needs x'] }),
      ['Provisioning', 'False', 'MissingValues'],
    ],
  ];
  for (const [name, observation, expected] of cases) {
    it(`is ${String(expected[0])} when ${name}`, () => assert.deepEqual(summary(observation), expected));
  }
});
