import assert from 'node:assert/strict';
import { ruleSuite, type Rule } from '../../test/conformance/kind.ts';
import { stepOrder } from './data-product-rules.ts';
import { DataProduct } from './data-product.ts';

const step = (id: string, ...dependsOn: readonly string[]) => ({ id, stack: 'vulcan:1.0', dependsOn });
const steps = (...resources: readonly ReturnType<typeof step>[]) => ({ spec: { resources, ports: null } });
const cron = (text: string): Rule['change'] => ({ spec: { schedule: { crons: [text] } } });

ruleSuite(DataProduct, [
  {
    name: 'D16 a diamond',
    change: steps(step('a'), step('b', 'a'), step('c', 'a'), step('d', 'b', 'c')),
    fields: [],
  },
  {
    name: 'D16 a cycle',
    change: steps(step('a', 'b'), step('b', 'a')),
    fields: ['spec.resources[0].dependsOn'],
  },
  {
    name: 'D16 a cycle behind other steps, naming where it starts',
    change: steps(step('x'), step('a', 'c', 'x'), step('b', 'a'), step('c', 'b')),
    fields: ['spec.resources[1].dependsOn'],
  },
  {
    name: 'D16 a step that waits for itself',
    change: steps(step('a', 'a')),
    fields: ['spec.resources[0].dependsOn'],
  },
  {
    name: 'D14 an unknown step',
    change: steps(step('a', 'nope')),
    fields: ['spec.resources[0].dependsOn[0]'],
  },
  { name: 'one id twice', change: steps(step('a'), step('a')), fields: ['spec.resources[1]'] },
  { name: 'no step at all', change: steps(), fields: ['spec.resources'] },
  {
    name: 'D16 a condition on a step that is not waited for',
    change: {
      spec: {
        ports: null,
        resources: [{ ...step('a'), conditions: [{ resource: 'b', status: 'Active' }] }, step('b')],
      },
    },
    fields: ['spec.resources[0].conditions[0].resource'],
  },
  {
    name: 'D14 a stack without a version',
    change: { spec: { ports: null, resources: [{ id: 'a', stack: 'vulcan' }] } },
    fields: ['spec.resources[0].stack'],
  },
  {
    name: 'a port of an unknown step',
    change: { spec: { ports: { sql: { resource: 'nope' } } } },
    fields: ['spec.ports.sql.resource'],
  },
  {
    name: 'D15 an input without a dataset',
    change: { spec: { inputs: [{ name: 'a', depot: { name: 'crm' } }] } },
    fields: ['spec.inputs[0].dataset'],
  },
  {
    name: 'D17 freshness without an age',
    change: { spec: { dependencies: [{ product: 'a', condition: 'Fresh' }] } },
    fields: ['spec.dependencies[0].maxAge'],
  },
  {
    name: 'D17 an age without freshness',
    change: { spec: { dependencies: [{ product: 'a', maxAge: '1h' }] } },
    fields: ['spec.dependencies[0].maxAge'],
  },
  {
    name: 'D18 five fields with lists, ranges, steps and names',
    change: cron('*/15 8-18 1,15 jan-jun mon-fri'),
    fields: [],
  },
  { name: 'D18 a word', change: cron('@daily'), fields: [] },
  { name: 'D18 four fields', change: cron('* * * *'), fields: ['spec.schedule.crons[0]'] },
  {
    name: 'D18 a minute that does not exist',
    change: cron('60 * * * *'),
    fields: ['spec.schedule.crons[0]'],
  },
  {
    name: 'D18 an unknown time zone',
    change: { spec: { schedule: { timezone: 'Berlin' } } },
    fields: ['spec.schedule.timezone'],
  },
  {
    name: 'D10 a depot under a name that is no variable',
    change: { spec: { ports: null, resources: [{ ...step('a'), depots: [{ as: 'crm db', name: 'crm' }] }] } },
    fields: ['spec.resources[0].depots[0].as'],
  },
]);

describe('order of steps', () => {
  it('D16 puts every step behind those it depends on, however long the chain', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) =>
      step(`s${i}`, ...(i === 19_999 ? [] : [`s${i + 1}`])),
    );

    const order = stepOrder(chain);

    assert.ok(order.ok);
    assert.equal(order.order[0], 's19999');
    assert.equal(order.order.at(-1), 's0');
  });
});
