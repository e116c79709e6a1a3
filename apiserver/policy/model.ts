/**
 * The Casbin model of every access decision, and the functions its matcher calls. One request asks for one verb on
 * one object in one domain, with all subjects of the caller as a set; any matching deny overrides every allow.
 */

/**
 * | request | policy | meaning                                                                     |
 * | ------- | ------ | --------------------------------------------------------------------------- |
 * | sub     | sub    | set of everything the caller is (users, groups, roles) / one role            |
 * | dom     | dom    | UID of the tenant, or a reserved domain                                      |
 * | kind    | kind   | `alias/resource[/subresource]`, exact or with wildcards                      |
 * | name    | name   | object name: exact, `prefix*` or `*`                                         |
 * | verb    | verb   | exact or `*`                                                                 |
 * | attrs   | cond   | what conditions may look at / id of a compiled condition, empty for none     |
 * |         | eft    | allow or deny                                                                |
 * |         | rule   | id of the rule, so that a decision can be explained                          |
 *
 * `g` links are resolved into the subject set once per caller (see snapshot.ts): Casbin's own role manager walks
 * the graph on every row and gives up silently at depth 10.
 */
export const MODEL = `
[request_definition]
r = sub, dom, kind, name, verb, attrs

[policy_definition]
p = sub, dom, kind, name, verb, cond, eft, rule

[role_definition]
g = _, _, _

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = subj(r.sub, p.sub) && r.dom == p.dom && glob(r.verb, p.verb) && glob(r.kind, p.kind) && named(r.attrs, r.name, p.name, p.eft) && cond(r.attrs, p.cond, p.eft)
`;

/** Domain of everything that belongs to no tenant. `@` is impossible in a UID. */
export const PLATFORM = '@platform';
/** Domain of a namespace whose labels name a tenant that does not exist: nobody's, only our components act there. */
export const ORPHAN = '@orphan';

export type Effect = 'allow' | 'deny';

/** Columns of one policy row, in the order of the model. All are strings: Casbin compares loosely. */
export type Row = readonly [
  sub: string,
  dom: string,
  kind: string,
  name: string,
  verb: string,
  cond: string,
  eft: Effect,
  rule: string,
];

/**
 * Which objects a question is about.
 *
 * - `one`: the object with this name.
 * - `some`: any object at all, as for list, or one that does not exist yet; rules about particular objects allow
 *   and do not deny, because each object is asked about again.
 * - `every`: all objects, as for deletecollection; rules about particular objects deny and do not allow.
 */
export type Scope = 'one' | 'some' | 'every';

/** What the matcher hands to `named` and `cond`; `holds` evaluates the condition with this id. */
export interface Attrs {
  readonly scope: Scope;
  readonly holds: (condition: string, effect: Effect) => boolean;
}

const noConditions = (): never => {
  throw new Error('a rule with a condition was evaluated without attributes');
};
/** For questions that no conditional rule can answer. */
export const PLAIN: Readonly<Record<Scope, Attrs>> = {
  one: Object.freeze({ scope: 'one', holds: noConditions }),
  some: Object.freeze({ scope: 'some', holds: noConditions }),
  every: Object.freeze({ scope: 'every', holds: noConditions }),
};

export const subj = (caller: ReadonlySet<string>, subject: string): boolean => caller.has(subject);

/**
 * `*` alone matches everything. Otherwise segment by segment: exact, `prefix*` or `*`, and as many segments.
 * No other character has a meaning.
 */
export function glob(value: string, pattern: string): boolean {
  if (pattern === '*' || pattern === value) return true;
  if (!pattern.includes('*')) return false;
  const wanted = pattern.split('/');
  const given = value.split('/');
  return wanted.length === given.length && wanted.every((part, index) => segment(given[index] ?? '', part));
}

function segment(value: string, pattern: string): boolean {
  if (pattern === '*' || pattern === value) return true;
  return (
    pattern.endsWith('*') && !pattern.slice(0, -1).includes('*') && value.startsWith(pattern.slice(0, -1))
  );
}

/** A name is one segment whatever it contains. */
export function named(attrs: Attrs, name: string, pattern: string, effect: Effect): boolean {
  if (pattern === '*') return true;
  if (attrs.scope === 'one') return segment(name, pattern);
  return attrs.scope === 'some' ? effect === 'allow' : effect === 'deny';
}

export const cond = (attrs: Attrs, condition: string, effect: Effect): boolean =>
  condition === '' || attrs.holds(condition, effect);
