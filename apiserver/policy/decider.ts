/** From one question inside one view to a decision: picks the rules, gives conditions their facts, words the answer. */
import type { Attributes, Decision } from '../api/identity.ts';
import type { JsonObject } from '../api/json.ts';
import { requested } from './actions.ts';
import type { Asking } from './asking.ts';
import { holds, type Facts } from './conditions.ts';
import { nearest, notGranted, refused } from './denial.ts';
import { PLAIN, type Attrs, type Scope } from './model.ts';
import type { Bucket, View } from './snapshot.ts';

type ResourceAttributes = Attributes & { readonly is: 'resource' };

export interface DeciderDeps {
  readonly now: () => number;
  /** The stored object a question names. */
  readonly find: (attributes: ResourceAttributes) => JsonObject | undefined;
  /** Whether an AccessPolicy could allow it; only words the reason of a denial. */
  readonly grantable: (kind: string, verb: string) => boolean;
  readonly onError: (error: unknown) => void;
}

export type Decide = (view: View, asked: Asking) => Decision;

export function createDecider(deps: DeciderDeps): Decide {
  // A bucket belongs to one view of one immutable snapshot: what is kept here is gone with the policies it is from.
  const allowances = new WeakMap<Bucket, Decision>();
  const unmet = (attributes: Attributes): string => {
    const { kind, verb } = requested(attributes);
    return notGranted(attributes, deps.grantable(kind, verb));
  };
  return (view, asked) => {
    const { attributes } = asked;
    const { kind, verb } = requested(attributes);
    const bucket = view.bucket(verb, kind);
    if (bucket.rows.length === 0) return byDefault(view, attributes, unmet);
    const known = allowances.get(bucket);
    if (known !== undefined) return known;
    try {
      const name = attributes.is === 'path' ? attributes.path : attributes.name;
      const attrs = attrsFor(deps, bucket, asked);
      const { allowed, rule } = view.enforce(bucket, { kind, name, verb, attrs });
      if (rule === undefined) return byDefault(view, attributes, unmet);
      const policies = view.policiesOf(rule);
      if (allowed) {
        const decision = { allowed: true, reason: allowedBy(policies), policies };
        if (isUnconditional(bucket)) allowances.set(bucket, decision);
        return decision;
      }
      // Naming a refusal in a tenant the caller has nothing to do with would tell that the tenant exists.
      const isVisible = view.member || policies.every((policy) => !policy.startsWith('AccessPolicy '));
      return { allowed: false, reason: isVisible ? refused(policies) : unmet(attributes), policies };
    } catch (error) {
      deps.onError(error);
      return denied(`${unmet(attributes)} (ENGINE_ERROR)`);
    }
  };
}

/** Neither names nor conditions play a role, so every question that meets these rules has the same answer. */
const isUnconditional = (bucket: Bucket): boolean => !bucket.named && bucket.conditions.size === 0;

export const denied = (reason: string): Decision => ({ allowed: false, reason, policies: [] });
const allowedBy = (policies: readonly string[]): string => `allowed by ${policies.slice(0, 3).join(', ')}`;

function byDefault(view: View, attributes: Attributes, unmet: (attributes: Attributes) => string): Decision {
  const hint = view.member ? nearest(view.rules, requested(attributes)) : '';
  return denied(unmet(attributes) + hint);
}

/** A question without a name is about some object (list, create) or all of them (deletecollection). */
export function scopeOf(attributes: Attributes): Scope {
  if (attributes.is === 'path' || attributes.name !== '') return 'one';
  return attributes.verb === 'deletecollection' ? 'every' : 'some';
}

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch']);

/** What conditions see; nothing is looked up unless a rule needs it. */
function attrsFor(deps: DeciderDeps, bucket: Bucket, asked: Asking): Attrs {
  const { attributes, scope, subject } = asked;
  if (bucket.conditions.size === 0 || attributes.is === 'path') return PLAIN[scope];
  const facts: Facts = {
    user: asked.caller.name,
    verb: attributes.verb,
    resource: attributes.resource,
    subresource: attributes.subresource,
    namespace: attributes.namespace,
    name: attributes.name,
    nowMs: deps.now(),
    object: objectOf(deps, asked, attributes),
    mayChange: WRITES.has(attributes.verb) && subject === undefined,
    ...(subject?.replaces === undefined ? {} : { replaces: subject.replaces }),
    ...(subject?.assumed === undefined ? {} : { assumed: subject.assumed }),
  };
  return {
    scope,
    holds: (text, effect) => {
      const truth = bucket.conditions.get(text)?.evaluate(facts) ?? 'missing';
      if (truth === 'unknown' && scope === 'every') return effect === 'deny';
      return holds(truth, effect);
    },
  };
}

function objectOf(
  deps: DeciderDeps,
  { scope, subject }: Asking,
  attributes: ResourceAttributes,
): Facts['object'] {
  if (subject !== undefined) return subject.object;
  if (scope !== 'one') return 'later';
  // An update or apply of what does not exist becomes a create, which is decided with the object at hand.
  return deps.find(attributes) ?? (WRITES.has(attributes.verb) ? 'later' : 'none');
}
