/**
 * From one question to its verdict: the rules and mutations of the policy library over a copy of the state that is
 * kept by watching. Synchronous: while it answers it asks nobody, and it changes nothing anywhere.
 */
import { randomUUID } from 'node:crypto';
import type { AdmissionRequest } from '../apiserver/api/admission.ts';
import { ApiError, forbidden, type Status } from '../apiserver/api/errors.ts';
import type { Kind } from '../apiserver/api/kind.ts';
import { isClusterProgram } from '../apiserver/policy/cluster-users.ts';
import type { Engine } from '../apiserver/policy/engine.ts';
import { mutated } from '../apiserver/policy/mutations/index.ts';
import { adviseOn, refusal, violationsOf } from '../apiserver/policy/review.ts';
import { isTrusted, type Lookup, type RuleContext } from '../apiserver/policy/rules/rule.ts';
import type { Log } from '../apiserver/runtime/log.ts';
import { createBudgets, type Budgets } from './budgets.ts';
import type { Hook } from './hooks.ts';
import { watchedKind } from './native-kinds.ts';
import { patchBetween, type PatchOperation } from './patch.ts';
import { ReviewError, type Review, type Verdict } from './review.ts';
import { meaningOf } from './subresources.ts';

export interface AdmitterDeps {
  readonly engine: Engine;
  readonly lookup: Lookup;
  /** Why nothing can be decided yet; undefined once policies and tenants are known. */
  readonly loading: () => string | undefined;
  /** Why what is known may be too old to let people in by; undefined while it is current. */
  readonly outdated: () => string | undefined;
  /** Milliseconds, monotonic. */
  readonly elapsed: () => number;
  readonly log: Log;
}

export interface Admitter {
  /** Throws `ReviewError` for a resource that no registration of ours names. */
  admit(hook: Hook, review: Review): Verdict;
}

const MAX_MESSAGE = 1024;

export function createAdmitter(deps: AdmitterDeps): Admitter {
  const context: RuleContext = {
    engine: deps.engine,
    lookup: deps.lookup,
    host: { isProgram: isClusterProgram },
  };
  const budgets = createBudgets(deps.elapsed);
  return {
    admit: (hook, review) => {
      const kind = watchedKind(review.group, review.resource);
      if (kind === undefined) {
        const resource = `${review.resource}${review.group === '' ? '' : `.${review.group}`}`;
        throw new ReviewError(`${hook.name} is not made for ${JSON.stringify(resource.slice(0, 100))}`);
      }
      const startedMs = deps.elapsed();
      const said = new Said();
      const tenant = deps.engine.tenantOf(review.namespace === '' ? review.name : review.namespace);
      const isCounted = tenant !== undefined && !isTrusted(review.user, context);
      const spent = isCounted ? overBudget(budgets, tenant.uid, hook) : undefined;
      const { denied, patch } = spent ?? decide(deps, context, { hook, review, kind, said });
      if (isCounted) budgets.spend(tenant.uid, deps.elapsed() - startedMs);
      said.annotations.set('decision-id', randomUUID());
      said.annotations.set('engine', deps.engine.engine);
      if (tenant !== undefined) said.annotations.set('tenant', tenant.name);
      said.annotations.set('duration', `${(deps.elapsed() - startedMs).toFixed(3)}ms`);
      return {
        refusal: denied,
        patch,
        warnings: said.warnings,
        auditAnnotations: Object.fromEntries(said.annotations),
      };
    },
  };
}

/** What rules say beside yes and no. */
class Said {
  readonly warnings: string[] = [];
  readonly annotations = new Map<string, string>();
}

interface Question {
  readonly hook: Hook;
  readonly review: Review;
  readonly kind: Kind;
  readonly said: Said;
}

interface Outcome {
  readonly denied: Status | undefined;
  readonly patch: readonly PatchOperation[];
}

const allowed: Outcome = { denied: undefined, patch: [] };

/** Undefined: it is thought about. */
function overBudget(budgets: Budgets, tenant: string, hook: Hook): Outcome | undefined {
  const seconds = budgets.wait(tenant);
  if (seconds === 0) return undefined;
  if (hook.task === 'advise') return allowed;
  const error = new ApiError(
    'TooManyRequests',
    `BUDGET: deciding on what was written in namespaces of this tenant took too long; try again in ${seconds} s, with smaller objects`,
    { details: { retryAfterSeconds: seconds } },
  );
  return { denied: error.status(), patch: [] };
}

/** Whatever goes wrong on the way is a refusal: admission fails closed. */
function decide(deps: AdmitterDeps, context: RuleContext, question: Question): Outcome {
  const { hook, review } = question;
  const why = notReady(deps, context, review);
  if (hook.task === 'advise' && why !== undefined) return allowed;
  try {
    if (why !== undefined)
      throw new ApiError('ServiceUnavailable', `NOT_READY: ${why}; try again in a moment`);
    return answer(context, question);
  } catch (error) {
    if (error instanceof ApiError) return { denied: bounded(error.status()), patch: [] };
    deps.log.error('admission failed and was denied', { hook: hook.name, resource: review.resource, error });
    const failed = new ApiError(
      'InternalError',
      'ENGINE_ERROR: Polder could not decide, so the answer is no; tell an operator',
    );
    return { denied: failed.status(), patch: [] };
  }
}

/** An outage of ours stops changes by people, not what the cluster does to keep things running. */
function notReady(deps: AdmitterDeps, context: RuleContext, { user }: Review): string | undefined {
  return deps.loading() ?? (isTrusted(user, context) ? undefined : deps.outdated());
}

/** Throws the refusal. */
function answer(context: RuleContext, question: Question): Outcome {
  const { hook, review } = question;
  switch (hook.task) {
    case 'mutate': {
      if (review.object === undefined) return allowed;
      const after = mutated(review.object, requestOf(question), context);
      return { denied: undefined, patch: patchBetween(review.object, after) };
    }
    case 'isolate': {
      const request = requestOf(question);
      const violations = violationsOf(request, context);
      if (violations.length > 0) throw refusal(request, violations);
      return allowed;
    }
    case 'advise':
      adviseOn(requestOf(question), context);
      return allowed;
    case 'connect':
      connect(context, question);
      return allowed;
  }
}

function requestOf({ review, kind, said }: Question): AdmissionRequest {
  const { operation } = review;
  if (operation === 'CONNECT') throw new ReviewError('CONNECT is not for this webhook');
  return {
    ...meaningOf(review, operation),
    kind,
    namespace: review.namespace,
    name: review.name,
    user: review.user,
    dryRun: review.dryRun,
    warn: (text) => void said.warnings.push(text),
    annotate: (key, value) => void said.annotations.set(key, value),
  };
}

/** Exec and the like, by the verb of the same name. Throws the refusal. */
function connect(context: RuleContext, { review, kind, said }: Question): void {
  const { user, namespace, name, subresource } = review;
  if (isTrusted(user, context)) return;
  const decision = context.engine.authorize(user, {
    is: 'resource',
    verb: subresource,
    group: kind.group,
    version: kind.version,
    resource: kind.plural,
    subresource: '',
    namespace,
    name,
  });
  said.annotations.set('access.policies', decision.policies.join(','));
  if (decision.allowed) return;
  const cause = { reason: 'CONNECT_DENIED', message: decision.reason };
  throw forbidden(kind, name, `User "${user.name}" cannot ${subresource} here: ${decision.reason}`, [cause]);
}

function bounded(status: Status): Status {
  const { message = '' } = status;
  return message.length <= MAX_MESSAGE
    ? status
    : { ...status, message: `${message.slice(0, MAX_MESSAGE - 1)}…` };
}
