import { ruleSuite } from '../../test/conformance/kind.ts';
import { DataPolicy } from './data-policy.ts';

const filter = (filters: readonly Record<string, string | readonly string[]>[] | null) => ({
  spec: { type: 'filter', rule: { mask: null, filters } },
});

ruleSuite(DataPolicy, [
  { name: 'D24 priority 1', change: { spec: { priority: 1 } }, fields: [] },
  { name: 'D24 priority 0', change: { spec: { priority: 0 } }, fields: ['spec.priority'] },
  { name: 'D24 priority 101', change: { spec: { priority: 101 } }, fields: ['spec.priority'] },
  {
    name: 'a mask without columns',
    change: { spec: { selector: { column: null } } },
    fields: ['spec.selector.column'],
  },
  { name: 'a mask without a method', change: { spec: { rule: { mask: null } } }, fields: ['spec.rule.mask'] },
  {
    name: 'a mask that keeps nobody knows how much',
    change: { spec: { rule: { mask: { operator: 'KeepLast' } } } },
    fields: ['spec.rule.mask.length'],
  },
  { name: 'a filter without comparisons', change: filter(null), fields: ['spec.rule.filters'] },
  {
    name: 'a filter with a comparison',
    change: filter([{ column: 'c', operator: 'In', values: ['x'] }]),
    fields: [],
  },
  {
    name: 'a comparison without values',
    change: filter([{ column: 'c', operator: 'In' }]),
    fields: ['spec.rule.filters[0].values'],
  },
  {
    name: 'a test for null with values',
    change: filter([{ column: 'c', operator: 'IsNull', values: ['x'] }]),
    fields: ['spec.rule.filters[0].values'],
  },
  {
    name: 'another type',
    change: filter([{ column: 'c', operator: 'IsNull' }]),
    fields: ['spec.type'],
    update: true,
  },
]);
