/** The words of access rules: `depots:use` in a role, and the kind and verb that a request stands for. */
import type { Attributes } from '../api/identity.ts';
import { DATA_GROUP, PLATFORM_GROUP, type Kind } from '../api/kind.ts';
import { glob } from './model.ts';

/** How a group is written in a kind: our two groups are one world, plurals are unique across them. */
export const OWN_ALIAS = 'polder';
const CORE_ALIAS = 'core';
export const PATH_ALIAS = 'path';
export const NAMESPACES = `${CORE_ALIAS}/namespaces`;

export const groupAlias = (group: string): string => {
  if (group === PLATFORM_GROUP || group === DATA_GROUP) return OWN_ALIAS;
  return group === '' ? CORE_ALIAS : group;
};

/** Names from questions about anything: forgotten when there are too many. */
const MAX_KINDS = 1024;
const kinds = new Map<string, Map<string, string>>();

/** Asked on every decision: the same text each time, so that looking up by it does not hash it anew. */
export function kindOf(group: string, resource: string): string {
  const known = kinds.get(group)?.get(resource);
  if (known !== undefined) return known;
  const kind = `${groupAlias(group)}/${resource}`;
  const ofGroup = kinds.get(group) ?? new Map<string, string>();
  if (kinds.size >= MAX_KINDS || ofGroup.size >= MAX_KINDS) kinds.clear();
  kinds.set(group, ofGroup.set(resource, kind));
  return kind;
}

/** API groups that a kind pattern speaks about; `kinds` tells to which of our two groups a plural belongs. */
export function groupsOf(pattern: string, kinds: readonly Kind[]): readonly string[] {
  const [alias = '', plural = ''] = pattern.split('/');
  if (alias !== OWN_ALIAS) return [alias === CORE_ALIAS ? '' : alias];
  const own = kinds.find((kind) => kind.origin === 'own' && kind.plural === plural);
  return own === undefined ? [PLATFORM_GROUP, DATA_GROUP] : [own.group];
}

/** Every verb that means something; a rule with any other verb could never match and is refused. */
export const VERBS: ReadonlySet<string> = new Set(
  (
    '* get list watch create update patch delete deletecollection ' +
    'use mount pull bind escalate schedule expose share impersonate place approve sign ' +
    'register exec attach portforward proxy debug ' +
    'suspend resume rotate revoke confirmepoch release promote run abort bypass migrate ' +
    'data:read data:write data:query data:export data:grant schema:alter ' +
    'plane:register plane:report plane:replay'
  ).split(' '),
);

/** URL paths outside the resource API, by what they are for; usable in actions as `health:get`. */
const PATH_CLASSES: readonly { readonly name: string; readonly matches: (path: string) => boolean }[] = [
  { name: 'health', matches: below('/healthz', '/livez', '/readyz') },
  { name: 'version', matches: (path) => path === '/version' || path === '/version/' },
  { name: 'discovery', matches: below('/api', '/apis', '/openapi', '/.well-known') },
  { name: 'metrics', matches: (path) => path === '/metrics' },
];

function below(...roots: readonly string[]): (path: string) => boolean {
  return (path) => roots.some((root) => path === root || path.startsWith(`${root}/`));
}

const pathKind = (path: string): string =>
  `${PATH_ALIAS}/${PATH_CLASSES.find((group) => group.matches(path))?.name ?? 'other'}`;

/** What one action covers; several kinds when a plural exists in several groups. */
export interface Action {
  readonly kinds: readonly string[];
  readonly verb: string;
}

/** Answered by the API server itself, whatever kinds are served. */
export const REVIEWS: Readonly<Record<string, readonly string[]>> = {
  'authentication.k8s.io': ['selfsubjectreviews', 'tokenreviews'],
  'authorization.k8s.io': [
    'selfsubjectaccessreviews',
    'selfsubjectrulesreviews',
    'subjectaccessreviews',
    'localsubjectaccessreviews',
  ],
};

export interface ActionTable {
  /** undefined: the resource or the verb does not exist. */
  action(text: string): Action | undefined;
  /** `depots`, `deployments.apps`, `pods/exec` or `*` as kind patterns; undefined when there is no such resource. */
  resource(text: string): readonly string[] | undefined;
  /** Whether one of the actions, as policies spell them, is about the verb on the kind. */
  covers(actions: readonly string[], asked: { readonly kind: string; readonly verb: string }): boolean;
}

export function createActionTable(kinds: readonly Kind[]): ActionTable {
  const groups = new Map<string, Set<string>>();
  for (const kind of kinds) {
    const known = groups.get(kind.plural) ?? new Set<string>();
    groups.set(kind.plural, known.add(groupAlias(kind.group)));
  }
  for (const { name } of PATH_CLASSES) groups.set(name, new Set([PATH_ALIAS]));
  for (const [group, plurals] of Object.entries(REVIEWS)) {
    for (const plural of plurals) groups.set(plural, new Set([group]));
  }

  const resource = (text: string): readonly string[] | undefined => {
    if (text === '*') return [`${OWN_ALIAS}/*`];
    const [qualified = '', ...rest] = text.split('/');
    const dot = qualified.indexOf('.');
    const plural = dot < 0 ? qualified : qualified.slice(0, dot);
    const wanted = dot < 0 ? undefined : qualified.slice(dot + 1);
    const alias = wanted === CORE_ALIAS ? CORE_ALIAS : wanted === undefined ? undefined : groupAlias(wanted);
    const found = [...(groups.get(plural) ?? [])].filter((group) => alias === undefined || group === alias);
    if (found.length === 0 || rest.length > 1) return undefined;
    return found.map((group) => [group, plural, ...rest].join('/'));
  };
  const action = (text: string): Action | undefined => {
    if (text === '*') return { kinds: [`${OWN_ALIAS}/*`], verb: '*' };
    const colon = text.indexOf(':');
    const verb = text.slice(colon + 1);
    const found = colon < 0 || !VERBS.has(verb) ? undefined : resource(text.slice(0, colon));
    return found === undefined ? undefined : { kinds: found, verb };
  };
  return {
    resource,
    action,
    covers: (actions, asked) =>
      actions.some((text) => {
        const found = action(text);
        if (found === undefined || !glob(asked.verb, found.verb)) return false;
        return found.kinds.some((kind) => glob(asked.kind, kind));
      }),
  };
}

/** The kind and verb that a request is decided by. */
export function requested(attributes: Attributes): { readonly kind: string; readonly verb: string } {
  if (attributes.is === 'path') return { kind: pathKind(attributes.path), verb: attributes.verb };
  const { group, resource, subresource, verb } = attributes;
  const kind = kindOf(group, resource);
  if (subresource === '' || isSameObject(subresource, verb)) return { kind, verb };
  // An action subresource (depots/rotate) is the action itself: whoever may `depots:rotate` may post it.
  if (groupAlias(group) === OWN_ALIAS && subresource !== 'status' && verb === 'create') {
    return { kind, verb: subresource };
  }
  return { kind: `${kind}/${subresource}`, verb };
}

/** `scale` reads and writes fields of the object, reading `/status` reads the object. */
const isSameObject = (subresource: string, verb: string): boolean =>
  subresource === 'scale' || (subresource === 'status' && verb === 'get');

/** The narrower of two kind patterns when one contains the other. */
export function narrower(
  a: string,
  b: string,
  contains: (value: string, pattern: string) => boolean,
): string | undefined {
  if (contains(a, b)) return a;
  return contains(b, a) ? b : undefined;
}
