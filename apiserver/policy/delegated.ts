/**
 * The host cluster's authorisation as the gate in front of our own engine: one SubjectAccessReview per question, its
 * answer kept for 10 s under everything that was asked. Our engine decides afterwards; this one can only refuse.
 * source: kubernetes/apiserver plugin/pkg/authorizer/webhook, pkg/authorization/authorizerfactory/delegating.go
 */
import { createHash } from 'node:crypto';
import type { Attributes, Decision, UserInfo } from '../api/identity.ts';
import type { AccessGate } from './policy.ts';
import { isSuperuser } from './subjects.ts';

export interface DelegatedDeps {
  /** Asks the host. Rejects with the `ApiError` to answer with when it cannot be asked. */
  readonly review: (user: UserInfo, attributes: Attributes) => Promise<Decision>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A revoked right works at most this long, and so does the lack of a new one. */
const ALLOWED_MS = 10_000;
const DENIED_MS = 10_000;
/** source: the library keeps 8192 answers. */
const MAX_ANSWERS = 8192;
/** Longer keys are kept as their hash: users with many groups and odd paths must not fill the memory. */
const MAX_KEY_LENGTH = 512;

interface Answer {
  readonly decision: Decision;
  readonly untilMs: number;
}

const SUPERUSER: Decision = { allowed: true, reason: '', policies: [] };

export function createDelegatedAuthorizer(deps: DelegatedDeps): AccessGate {
  const answers = new Map<string, Answer>();
  /** A crowd with the same question asks once. */
  const asking = new Map<string, Promise<Decision>>();
  const users = new WeakMap<UserInfo, string>();

  const keyOf = (user: UserInfo, attributes: Attributes): string => {
    let who = users.get(user);
    if (who === undefined) users.set(user, (who = short(userKey(user))));
    return `${who}\n${short(attributesKey(attributes))}`;
  };
  const remember = (key: string, decision: Decision): Decision => {
    const untilMs = deps.now() + (decision.allowed ? ALLOWED_MS : DENIED_MS);
    answers.delete(key);
    const [oldest] = answers.size >= MAX_ANSWERS ? answers.keys() : [];
    if (oldest !== undefined) answers.delete(oldest);
    answers.set(key, { decision, untilMs });
    return decision;
  };
  const ask = (key: string, user: UserInfo, attributes: Attributes): Promise<Decision> => {
    const open = asking.get(key);
    if (open !== undefined) return open;
    const answer = deps
      .review(user, attributes)
      .then((decision) => remember(key, decision))
      .finally(() => asking.delete(key));
    asking.set(key, answer);
    return answer;
  };
  return {
    authorize: (user, attributes) => {
      if (isSuperuser(user)) return SUPERUSER;
      const key = keyOf(user, attributes);
      const known = answers.get(key);
      if (known !== undefined && known.untilMs > deps.now()) return known.decision;
      return ask(key, user, attributes);
    },
  };
}

const short = (key: string): string =>
  key.length <= MAX_KEY_LENGTH ? key : createHash('sha256').update(key).digest('base64');

/** JSON keeps the parts apart whatever they contain. */
const userKey = ({ name, uid, groups, extra }: UserInfo): string =>
  JSON.stringify([name, uid, groups, extra]);

function attributesKey(attributes: Attributes): string {
  if (attributes.is === 'path') return JSON.stringify([attributes.verb, attributes.path]);
  const { verb, group, version, resource, subresource, namespace, name, selectors } = attributes;
  return JSON.stringify([verb, group, version, resource, subresource, namespace, name, selectors]);
}
