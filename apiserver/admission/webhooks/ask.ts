/** One question to one webhook and what its answer says, relayed to whoever made the request. */
import { randomUUID } from 'node:crypto';
import type { AdmissionRequest } from '../../api/admission.ts';
import { badRequest } from '../../api/errors.ts';
import { CallError, type Caller } from './call.ts';
import type { Hook } from './hook.ts';
import { InvalidAnswer, readAnswer, reviewOf, type HookAnswer } from './review.ts';

export interface Asking {
  readonly hook: Hook;
  readonly request: AdmissionRequest;
  /** Position among the webhooks of its type. */
  readonly index: number;
  readonly round: 0 | 1;
}

/** Audit records are bounded whatever a webhook says. */
const MAX_ANNOTATIONS = 64;
const MAX_ANNOTATION_LENGTH = 4096;

/** Throws `CallError` when there is no answer, and the refusal. */
export async function askWebhook(caller: Caller, { hook, request }: Asking): Promise<HookAnswer | undefined> {
  const hasSideEffects = hook.sideEffects !== 'None' && hook.sideEffects !== 'NoneOnDryRun';
  if (request.dryRun && hasSideEffects) {
    throw badRequest(`admission webhook ${JSON.stringify(hook.name)} does not support dry run`);
  }
  if (!hook.reviewVersions.includes('v1')) {
    throw new CallError(
      'could not create admission objects: webhook does not accept AdmissionReview version v1',
    );
  }
  const uid = randomUUID();
  const body = await caller.call(hook, reviewOf(uid, request), request.within?.signal);
  const answer = read(hook, uid, body);
  for (const [key, value] of Object.entries(answer.auditAnnotations).slice(0, MAX_ANNOTATIONS)) {
    request.annotate(`${hook.name}/${key}`, value.slice(0, MAX_ANNOTATION_LENGTH));
  }
  for (const text of answer.warnings) request.warn(text);
  if (answer.refusal !== undefined) throw answer.refusal;
  return answer;
}

function read(hook: Hook, uid: string, body: unknown): HookAnswer {
  try {
    return readAnswer(hook, uid, body);
  } catch (error) {
    if (!(error instanceof InvalidAnswer)) throw error;
    throw new CallError(`received invalid webhook response: ${error.message}`, { cause: error });
  }
}
