/** AdmissionReviews put to the webhooks' admitter over a test world of access, through the codec both ways. */
import assert from 'node:assert/strict';
import type { Status } from '../../apiserver/api/errors.ts';
import type { UserInfo } from '../../apiserver/api/identity.ts';
import type { JsonObject } from '../../apiserver/api/json.ts';
import type { Kind } from '../../apiserver/api/kind.ts';
import { createLog } from '../../apiserver/runtime/log.ts';
import type { Lookup } from '../../apiserver/policy/rules/rule.ts';
import { createAdmitter, type Admitter } from '../../webhooks/admit.ts';
import { HOOKS, type Task } from '../../webhooks/hooks.ts';
import { readReview, writeReview } from '../../webhooks/review.ts';
import { applyPatch, parsePatch } from '../../apiserver/registry/json-patch.ts';
import { lookupIn } from './lookup.ts';
import { createWorld, group, type World } from './policy.ts';

export interface Asked {
  readonly user: UserInfo;
  readonly kind: Kind;
  readonly operation?: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly subresource?: string;
  readonly object?: JsonObject;
  readonly old?: JsonObject;
  readonly dryRun?: boolean;
  /** Where and what, when there is no object that says so. */
  readonly namespace?: string;
  readonly name?: string;
}

export interface Answer {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: Status;
  readonly patch?: string;
  readonly patchType?: string;
  readonly warnings?: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

export interface ReviewWorld extends World {
  readonly lookup: Lookup;
  readonly admitter: Admitter;
  loading: string | undefined;
  outdated: string | undefined;
  ask(task: Task, asked: Asked): Answer;
  /** Mutated, then validated, as an API server does. Throws when it was refused. */
  admit(asked: Asked): JsonObject;
  /** The refusal; fails when there is none. */
  refusal(asked: Asked): Status;
}

const REVIEW_UID = '705ab4f5-6393-11e8-b7cc-42010a800002';

export function reviewBody(asked: Asked, uid = REVIEW_UID): JsonObject {
  const { kind, user, object = null, old = null, subresource } = asked;
  const { group, version } = kind;
  const { name, namespace } = { ...placeOf(object ?? old), ...asked };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind: { group, version, kind: kind.kind },
      resource: { group, version, resource: kind.plural },
      ...(subresource === undefined ? {} : { subResource: subresource }),
      operation: asked.operation ?? (old === null ? 'CREATE' : 'UPDATE'),
      name,
      // As kube-apiserver does.
      namespace: kind.kind === 'Namespace' ? name : namespace,
      userInfo: { username: user.name, groups: [...user.groups] },
      object,
      oldObject: old,
      dryRun: asked.dryRun === true,
      options: null,
    },
  };
}

function placeOf(object: JsonObject | null): { readonly name: string; readonly namespace: string } {
  const { name = '', namespace = '' } = (object?.['metadata'] ?? {}) as { name?: string; namespace?: string };
  return { name, namespace };
}

/** The world of `createWorld`, in which acme's developers may also write Kubernetes' own kinds. */
export function createReviewWorld(elapsed = () => performance.now()): ReviewWorld {
  const world = createWorld();
  world.addPolicy('tn-acme', 'workloads', {
    effect: 'Allow',
    subjects: [group('acme-developers')],
    actions: [...NATIVE, ...APPS].flatMap((plural) => WRITES.map((verb) => `${plural}:${verb}`)),
  });
  const lookup = lookupIn(world.stored);
  const admitter = createAdmitter({
    engine: world.engine,
    lookup,
    loading: () => all.loading,
    outdated: () => all.outdated,
    elapsed,
    log: createLog({ level: 'error' }),
  });
  const ask = (task: Task, asked: Asked): Answer => {
    const hook = HOOKS.find((each) => each.task === task) ?? assert.fail(`no hook for ${task}`);
    const review = readReview(Buffer.from(JSON.stringify(reviewBody(asked))));
    const bytes = writeReview(review.uid, admitter.admit(hook, review));
    const body = JSON.parse(bytes.toString()) as { readonly kind: string; readonly response: Answer };
    assert.equal(body.kind, 'AdmissionReview');
    assert.equal(body.response.uid, REVIEW_UID);
    return body.response;
  };
  const run = (asked: Asked): { readonly object: JsonObject; readonly answer: Answer } => {
    const mutation = asked.object === undefined ? undefined : ask('mutate', asked);
    if (mutation !== undefined) assert.equal(mutation.allowed, true, JSON.stringify(mutation.status));
    const object = patched(asked.object ?? {}, mutation);
    return { object, answer: ask('isolate', asked.object === undefined ? asked : { ...asked, object }) };
  };
  const all: ReviewWorld = {
    ...world,
    lookup,
    admitter,
    loading: undefined,
    outdated: undefined,
    ask,
    admit: (asked) => {
      const { object, answer } = run(asked);
      assert.equal(answer.allowed, true, JSON.stringify(answer.status, undefined, 1));
      return object;
    },
    refusal: (asked) => {
      const { answer } = run(asked);
      assert.equal(answer.allowed, false, 'nothing was refused');
      return answer.status ?? assert.fail('a refusal without status');
    },
  };
  return all;
}

/** The object after the answer's patch. */
export function patched(object: JsonObject, answer: Answer | undefined): JsonObject {
  if (answer?.patch === undefined) return object;
  assert.equal(answer.patchType, 'JSONPatch');
  const operations: unknown = JSON.parse(Buffer.from(answer.patch, 'base64').toString());
  return applyPatch(object, parsePatch(operations)) as JsonObject;
}

const WRITES = ['create', 'update', 'patch', 'delete'];
const NATIVE = [
  'pods',
  'pods/ephemeralcontainers',
  'secrets',
  'serviceaccounts',
  'serviceaccounts/token',
  'services',
  'persistentvolumeclaims',
  'resourcequotas',
  'limitranges',
  'replicationcontrollers',
].map((plural) => (plural.includes('/') ? plural.replace('/', '.core/') : `${plural}.core`));
const APPS = [
  'deployments.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'replicasets.apps',
  'jobs.batch',
  'cronjobs.batch',
  'ingresses.networking.k8s.io',
  'networkpolicies.networking.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
];

/** All codes of a refusal. */
export const codesOf = (status: Status): readonly string[] =>
  (status.details?.causes ?? []).map(({ reason }) => reason);
