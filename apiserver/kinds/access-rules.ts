/** What AccessRole, AccessPolicy and ClusterAccessPolicy share: actions, subjects, resources and their checks. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import {
  anyObject,
  list,
  obj,
  opt,
  set,
  str,
  time,
  type Node,
  type OptionalNode,
  type Value,
} from '../api/schema.ts';
import { checkCondition } from './access-condition.ts';
import { labelSelector } from './fields.ts';
import { DNS_LABEL, identifier, objectName } from './names.ts';

/** `depots:use`, `pods/exec:create`, `deployments.apps:*`, `*:get`, `data:*` verbs as `depots:data:read`, or `*`. */
const ACTION = '^(\\*|(\\*|[a-z][a-z0-9.-]*(/(\\*|[a-z]+))?):(\\*|[a-z]+(:[a-z]+)?))$';
const KIND = '^(\\*|[a-z][a-z0-9.-]*(/(\\*|[a-z]+))?)$';
/** Exact, a prefix followed by `*`, or `*` alone. */
const OBJECT_NAME = '^(\\*|[a-z0-9]([-a-z0-9.:]*[a-z0-9])?|[a-z0-9][-a-z0-9.:]*\\*)$';

const action = str('Resource and verb joined by a colon, such as depots:use, *:get or * for everything.', {
  minLength: 1,
  maxLength: 128,
  pattern: ACTION,
});
export const actions = (description: string): Node<readonly string[]> =>
  set(description, action, { minItems: 1, maxItems: 256 });

export const roleRef = obj('The role whose actions the policy is about.', {
  name: objectName('Name of an AccessRole.'),
});

export const effect = str('Whether the policy grants or refuses; a refusal always wins.', {
  enum: ['Allow', 'Deny'],
});

/** The subjects of a policy; `kinds` says who may be named. */
export function subjects<const K extends string>(kinds: readonly K[]): Node<readonly Subject<K>[]> {
  const subject = obj('One subject.', {
    kind: str('What the name belongs to.', { enum: kinds }),
    name: str('Exact name, or * for every subject of that kind.', { minLength: 1, maxLength: 256 }),
    namespace: opt(identifier('Namespace of a service account; not set for the other kinds.')),
  });
  return list('Who the policy is about; at least one.', subject, { minItems: 1, maxItems: 256 });
}
export interface Subject<K extends string = string> {
  readonly kind: K;
  readonly name: string;
  readonly namespace?: string;
}

const resource = obj('One narrowing; every given field must match.', {
  kinds: opt(
    set(
      'Resources as plurals (depots, deployments.apps, pods/exec) or *.',
      str('A resource.', { minLength: 1, maxLength: 128, pattern: KIND }),
      { maxItems: 64 },
    ),
  ),
  names: opt(
    set(
      'Names of objects: exact, a prefix followed by *, or *.',
      str('A name.', { minLength: 1, maxLength: 253, pattern: OBJECT_NAME }),
      { maxItems: 256 },
    ),
  ),
  selector: opt(labelSelector('Labels that the object must carry.')),
  environments: opt(
    set('Environments that the object must belong to.', objectName('Name of an Environment.'), {
      maxItems: 64,
    }),
  ),
});
export const resources: OptionalNode<readonly Value<typeof resource>[]> = opt(
  list(
    'What the policy is narrowed to, one of them must match; none means everything the actions cover.',
    resource,
    {
      maxItems: 64,
    },
  ),
);

export const condition = opt(
  anyObject(
    'When the policy matches: one of all, any, not, eq, ne, in, notIn, exists, prefix, suffix, cidr, ' +
      'quantityLte, labelSelector, changed, timeWindow. A missing attribute never grants and always refuses.',
  ),
);

export const expiresAt = opt(time('When the policy stops having an effect; never when not set.'));

export const enforcement = str('What a refusal does: refuse, warn, record, or only be compared.', {
  enum: ['Deny', 'Warn', 'Audit', 'Shadow'],
  default: 'Deny',
});

interface RuleSpec {
  readonly effect: 'Allow' | 'Deny';
  readonly subjects: readonly Subject[];
  readonly roleRef?: { readonly name: string };
  readonly actions?: readonly string[];
  readonly condition?: unknown;
  readonly enforcement: string;
}

/** The rules that hold for every policy, wherever it is bound. */
export function checkRule(spec: RuleSpec): readonly Cause[] {
  return [
    ...checkActions(spec),
    ...spec.subjects.flatMap((subject, index) => checkSubject(subject, `spec.subjects[${index}]`)),
    ...(spec.effect === 'Allow' && spec.enforcement !== 'Deny'
      ? [cause.forbidden('spec.enforcement', 'only a policy with effect Deny can warn, audit or shadow')]
      : []),
    ...(spec.condition === undefined ? [] : checkCondition(spec.condition, 'spec.condition')),
  ];
}

function checkActions(spec: RuleSpec): readonly Cause[] {
  if (spec.roleRef === undefined && spec.actions === undefined) {
    return [cause.required('spec.actions', 'set either roleRef or actions')];
  }
  if (spec.roleRef !== undefined && spec.actions !== undefined) {
    return [cause.forbidden('spec.actions', 'set either roleRef or actions, not both')];
  }
  return [];
}

// A name is compared as a whole: no patterns, so that no subject can be mistaken for another one.
const hasControlCharacter = (name: string): boolean => /\p{Cc}/u.test(name);

function checkSubject(subject: Subject, field: string): readonly Cause[] {
  const causes: Cause[] = [];
  if (subject.namespace !== undefined && subject.kind !== 'ServiceAccount') {
    causes.push(
      cause.forbidden(`${field}.namespace`, `only service accounts have a namespace, not a ${subject.kind}`),
    );
  }
  if (subject.kind === 'ServiceAccount' && subject.namespace === undefined) {
    causes.push(cause.required(`${field}.namespace`, 'a service account is named with its namespace'));
  }
  const problem = nameProblem(subject);
  if (problem !== undefined) causes.push(cause.invalid(`${field}.name`, subject.name, problem));
  return causes;
}

const LABEL = new RegExp(DNS_LABEL);

function nameProblem({ kind, name }: Subject): string | undefined {
  if (kind === 'Tenant') {
    // "@" marks reserved domains and "*" would share with every tenant there will ever be.
    return LABEL.test(name) ? undefined : 'must be the name of one tenant';
  }
  if (name === '*') return undefined;
  if (hasControlCharacter(name)) return 'must not contain control characters';
  if (name.startsWith('@')) return 'names that start with "@" are reserved';
  if (name.includes('*')) return 'must be an exact name, or "*" alone; patterns are not supported';
  return undefined;
}
