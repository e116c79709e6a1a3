/** The rules of DataProduct.spec that need no look-up: a sound graph of steps, sound schedules and dependencies. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import type { Value } from '../api/schema.ts';
import { isTimezone } from './access-condition.ts';
import { parseCron } from './cron.ts';
import type { dependency, ports, resource, schedule } from './data-product-parts.ts';
import { orderOf, type Ordered } from './graph.ts';

type Resource = Value<typeof resource>;
type Dependency = Value<typeof dependency>;
type Schedule = Value<typeof schedule>;

interface Checked {
  readonly resources: readonly Resource[];
  readonly ports?: Value<typeof ports>;
  readonly dependencies?: readonly Dependency[];
  readonly schedule?: Schedule;
}

export function checkProduct(product: Checked): readonly Cause[] {
  return [
    ...checkSteps(product.resources),
    ...checkPorts(product),
    ...(product.dependencies ?? []).flatMap((each, index) =>
      checkDependency(each, `spec.dependencies[${index}]`),
    ),
    ...(product.schedule === undefined ? [] : checkSchedule(product.schedule)),
  ];
}

/** Steps such that each comes after those it depends on: the order of creation; deletion goes backwards. */
export function stepOrder(resources: readonly Pick<Resource, 'id' | 'dependsOn'>[]): Ordered {
  return orderOf(new Map(resources.map((each) => [each.id, each.dependsOn ?? []])));
}

function checkSteps(resources: readonly Resource[]): readonly Cause[] {
  const ids = new Set(resources.map((each) => each.id));
  const causes = resources.flatMap((each, index) => checkStep(each, ids, `spec.resources[${index}]`));
  const order = stepOrder(resources);
  if (order.ok) return causes;
  const at = resources.findIndex((each) => each.id === order.cycle[0]);
  const why = 'steps must not depend on each other in a circle';
  return [...causes, cause.invalid(`spec.resources[${at}].dependsOn`, order.cycle.join(' -> '), why)];
}

function checkStep(step: Resource, ids: ReadonlySet<string>, field: string): readonly Cause[] {
  const before = step.dependsOn ?? [];
  const unknown = before.flatMap((id, index) =>
    ids.has(id) ? [] : [cause.notFound(`${field}.dependsOn[${index}]`, id, 'no step has this id')],
  );
  const conditions = (step.conditions ?? []).flatMap((condition, index) => {
    if (before.includes(condition.resource)) return [];
    const at = `${field}.conditions[${index}].resource`;
    return [cause.invalid(at, condition.resource, 'must be one of the steps in dependsOn')];
  });
  return [...unknown, ...conditions];
}

function checkPorts(product: Checked): readonly Cause[] {
  const ids = new Set(product.resources.map((each) => each.id));
  return Object.entries(product.ports ?? {})
    .filter(([, port]) => !ids.has(port.resource))
    .map(([name, port]) =>
      cause.notFound(`spec.ports.${name}.resource`, port.resource, 'no step has this id'),
    );
}

function checkDependency(each: Dependency, field: string): readonly Cause[] {
  const fresh = each.condition === 'Fresh';
  if (fresh && each.maxAge === undefined)
    return [cause.required(`${field}.maxAge`, 'condition Fresh needs it')];
  if (!fresh && each.maxAge !== undefined)
    return [cause.forbidden(`${field}.maxAge`, 'only used with condition Fresh')];
  return [];
}

function checkSchedule(planned: Schedule): readonly Cause[] {
  const crons = planned.crons.flatMap((text, index) => {
    const parsed = parseCron(text);
    return parsed.ok ? [] : [cause.invalid(`spec.schedule.crons[${index}]`, text, parsed.why)];
  });
  if (isTimezone(planned.timezone)) return crons;
  const why = 'must be an IANA time zone such as Europe/Berlin';
  return [...crons, cause.invalid('spec.schedule.timezone', planned.timezone, why)];
}
