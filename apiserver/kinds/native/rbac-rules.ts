/** What the four kinds of rbac.authorization.k8s.io share: rules, subjects, role references, their defaults and cells. */
import { cause } from '../../api/causes.ts';
import type { Cause } from '../../api/errors.ts';
import { isObject, type Json } from '../../api/json.ts';
import { list, obj, opt, type Value } from '../../api/schema.ts';
import { text } from './fields.ts';

export const RBAC_GROUP = 'rbac.authorization.k8s.io';

const rule = obj('Verbs on resources.', {
  verbs: list('Verbs that are allowed, or *.', text('A verb.')),
  apiGroups: opt(list('Groups of the resources; an empty word is the core group.', text('A group.'))),
  resources: opt(list('Resources, with a slash for subresources, or *.', text('A resource.'))),
  resourceNames: opt(list('Names of objects; every object when empty.', text('A name.'))),
  nonResourceURLs: opt(list('Paths outside of resources.', text('A path.'))),
});
export const rules = opt(list('What holders of the role may do.', rule));

const subject = obj(
  'One subject.',
  {
    kind: text('User, Group or ServiceAccount.'),
    apiGroup: opt(text('Group of the kind.')),
    name: text('Name of the subject.'),
    namespace: opt(text('Namespace of a service account.')),
  },
  { mapType: 'atomic' },
);
export const subjects = opt(list('Who gets the role.', subject));

export const roleRef = obj(
  'The role that is given; fixed when the binding is made.',
  {
    apiGroup: text('Group of the role.', { default: RBAC_GROUP }),
    kind: text('Role or ClusterRole.'),
    name: text('Name of the role.'),
  },
  { mapType: 'atomic' },
);

/** source: rbac/v1 SetDefaults_Subject. */
export function defaultSubjects(object: Readonly<Record<string, Json>>): Record<string, Json> {
  const given = object['subjects'];
  if (!Array.isArray(given)) return { ...object };
  const filled = (given as readonly Json[]).map((each) => {
    if (!isObject(each) || (each['apiGroup'] ?? '') !== '') return each;
    const person = each['kind'] === 'User' || each['kind'] === 'Group';
    return person ? { ...each, apiGroup: RBAC_GROUP } : each;
  });
  return { ...object, subjects: filled };
}

/** source: rbac validation ValidatePolicyRule. */
export function checkRules(given: Value<typeof rules>, namespaced: boolean): readonly Cause[] {
  return given.flatMap((each, index) => {
    const field = `rules[${index}]`;
    if (each.verbs.length === 0)
      return [cause.required(`${field}.verbs`, 'verbs must contain at least one value')];
    if ((each.nonResourceURLs ?? []).length > 0) return namespaced ? [paths(field)] : [];
    return [
      ...((each.apiGroups ?? []).length === 0
        ? [cause.required(`${field}.apiGroups`, 'resource rules must supply at least one api group')]
        : []),
      ...((each.resources ?? []).length === 0
        ? [cause.required(`${field}.resources`, 'resource rules must supply at least one resource')]
        : []),
    ];
  });
}
const paths = (field: string): Cause => ({
  reason: 'FieldValueInvalid',
  field: `${field}.nonResourceURLs`,
  message: 'Invalid value: namespaced rules cannot apply to non-resource URLs',
});

/** source: rbac validation ValidateRoleBindingSubject. */
export function checkSubjects(given: Value<typeof subjects>): readonly Cause[] {
  return given.flatMap((each, index) => {
    const field = `subjects[${index}]`;
    if (each.name === '') return [cause.required(`${field}.name`)];
    const bare = each.kind === 'ServiceAccount' && (each.namespace ?? '') === '';
    return bare ? [cause.required(`${field}.namespace`)] : [];
  });
}

interface Binding {
  readonly roleRef: Value<typeof roleRef>;
  readonly subjects?: Value<typeof subjects>;
}
export const roleCell = (binding: Binding): string => `${binding.roleRef.kind}/${binding.roleRef.name}`;
/** A cell: names of the subjects of one kind, service accounts as namespace/name. */
export const subjectCell = (binding: Binding, kind: 'User' | 'Group' | 'ServiceAccount'): string =>
  (binding.subjects ?? [])
    .filter((each) => each.kind === kind)
    .map((each) => (kind === 'ServiceAccount' ? `${each.namespace ?? ''}/${each.name}` : each.name))
    .join(', ');
