/** A Role of a tenant lists what it allows: no wildcards, and nothing that leads to rights beyond the list. */
import { at, type JsonObject } from '../../../api/json.ts';
import { placesAt, type Place } from '../../native/pods.ts';
import type { Rule, Violation } from '../rule.ts';
import { forbid, nativeRule } from './native-rule.ts';

const VERBS: ReadonlySet<unknown> = new Set(['*', 'escalate', 'bind', 'impersonate']);
const RESOURCES: readonly string[] = [
  'serviceaccounts/token',
  'nodes',
  'nodes/proxy',
  'rolebindings',
  'roles',
];
const WRITES: ReadonlySet<unknown> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
/** Reading who may do what is harmless. */
const READABLE: ReadonlySet<unknown> = new Set(['rolebindings', 'roles']);

export const roles: Rule = nativeRule('roles', ['rbac.authorization.k8s.io/roles'], ({ object }) =>
  placesAt(object, 'rules[]').flatMap((rule) => [
    ...found(rule, 'apiGroups', (value) => value === '*'),
    ...found(rule, 'verbs', (value) => VERBS.has(value)),
    ...found(
      rule,
      'resources',
      (value) => isProtected(value) && !(READABLE.has(value) && onlyReads(rule.value)),
    ),
  ]),
);

// `*` is every resource and subresource, `*/x` the subresource x of every one. source: rbac/v1 ResourceMatches
function isProtected(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  if (value === '*' || value === '*/*') return true;
  if (!value.startsWith('*/')) return RESOURCES.includes(value);
  return RESOURCES.some((resource) => resource.endsWith(value.slice(1)));
}

const onlyReads = (rule: unknown): boolean => {
  const verbs = at(rule, 'verbs');
  return Array.isArray(verbs) && !verbs.some((verb) => WRITES.has(verb));
};

function found(
  { path, value }: Place,
  list: string,
  isRefused: (value: unknown) => boolean,
): readonly Violation[] {
  return placesAt(value as JsonObject, `${list}[]`)
    .filter((place) => isRefused(place.value))
    .map((place) =>
      forbid(
        'ESCALATION',
        `${path}.${place.path}`,
        `a Role in the namespace of a tenant may not hold ${JSON.stringify(place.value)}; list what is needed`,
      ),
    );
}
