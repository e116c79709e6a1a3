/**
 * Asks other people's webhooks about a write, as kube-apiserver would: those that change it one after the other and
 * again where they want to see what others did, those that judge it all at once.
 * source: apiserver pkg/admission/plugin/webhook/{mutating,validating}/dispatcher.go, reinvocationcontext.go
 */
import type { AdmissionRequest } from '../../api/admission.ts';
import { ApiError, forbidden } from '../../api/errors.ts';
import type { JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { isComponent } from '../../policy/subjects.ts';
import type { Log } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import { askWebhook, type Asking } from './ask.ts';
import { CallError, type Caller } from './call.ts';
import type { Hook, HookType } from './hook.ts';
import { isAsked, matchesRule, type NamespaceLabels } from './match.ts';
import { createHookMetrics, type HookMetrics } from './metrics.ts';

/** Where configurations and namespaces are kept. */
export interface WebhookSource {
  /** False until all configurations are known: nothing is let through unasked. */
  readonly hasSynced: boolean;
  /** In the order in which they are called. */
  hooks(type: HookType): readonly Hook[];
  readonly namespaceLabels: NamespaceLabels;
}

export interface DispatchDeps {
  readonly source: WebhookSource;
  readonly caller: Caller;
  /** The object after a patch, with defaults; the same one when nothing changed. Throws when the patch does not fit. */
  readonly patched: (kind: Kind, object: JsonObject, patch: unknown) => JsonObject;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Webhooks {
  /** False in the common case: nobody is to be asked. */
  concerns(type: HookType, request: AdmissionRequest): boolean;
  /** `again` runs our own mutations over an object that a webhook changed. Throws the refusal. */
  mutate(
    request: AdmissionRequest,
    object: JsonObject,
    again: (object: JsonObject) => JsonObject | Promise<JsonObject>,
  ): Promise<JsonObject>;
  /** Throws the refusal. */
  validate(request: AdmissionRequest): Promise<void>;
  close(): void;
}

export function createWebhooks(deps: DispatchDeps): Webhooks {
  return new Dispatcher(deps);
}

/** What has been called, and who wants to be called again. */
interface Session {
  readonly called: Set<string>;
  readonly again: Set<string>;
  hasChanged: boolean;
}

interface Round {
  readonly request: AdmissionRequest;
  readonly session: Session;
  readonly round: 0 | 1;
}

/** Which kinds some rule speaks of. Every write asks, and configurations seldom change: then they are other hooks. */
class RuledKinds {
  readonly #known = new WeakMap<readonly Hook[], Map<Kind, Map<string, boolean>>>();

  isRuled(hooks: readonly Hook[], request: AdmissionRequest): boolean {
    if (hooks.length === 0) return false;
    const { kind, operation, subresource } = request;
    let kinds = this.#known.get(hooks);
    if (kinds === undefined) this.#known.set(hooks, (kinds = new Map()));
    let answers = kinds.get(kind);
    if (answers === undefined) kinds.set(kind, (answers = new Map()));
    // Operations and subresources that are served are few.
    const asked = subresource === '' ? operation : `${operation} ${subresource}`;
    let answer = answers.get(asked);
    if (answer === undefined) {
      answer = hooks.some(({ rules }) => rules.some((rule) => matchesRule(rule, request)));
      answers.set(asked, answer);
    }
    return answer;
  }
}

class Dispatcher implements Webhooks {
  readonly #deps: DispatchDeps;
  readonly #metrics: HookMetrics;
  readonly #ruled = new RuledKinds();

  constructor(deps: DispatchDeps) {
    this.#deps = deps;
    this.#metrics = createHookMetrics(deps.metrics);
  }

  concerns(type: HookType, request: AdmissionRequest): boolean {
    const { source } = this.#deps;
    // Reviews are questions, not objects; webhooks about webhooks could lock everybody out.
    if (request.kind.storage === 'virtual' || isConfiguration(request.kind)) return false;
    if (!source.hasSynced) return !isComponent(request.user);
    return this.#ruled.isRuled(source.hooks(type), request);
  }

  async mutate(
    request: AdmissionRequest,
    object: JsonObject,
    again: (object: JsonObject) => JsonObject | Promise<JsonObject>,
  ): Promise<JsonObject> {
    const session: Session = { called: new Set(), again: new Set(), hasChanged: false };
    const once = await this.#round({ request, session, round: 0 }, object);
    if (once === undefined || !session.hasChanged) return object;
    const settled = await again(once);
    // What we changed ourselves nobody has seen yet.
    if (settled !== once) for (const id of session.called) session.again.add(id);
    if (session.again.size === 0) return settled;
    return (await this.#round({ request, session, round: 1 }, settled)) ?? settled;
  }

  async validate(request: AdmissionRequest): Promise<void> {
    if (request.operation === 'DELETE' && this.concerns('Mutating', request)) {
      await this.#round(
        { request, session: { called: new Set(), again: new Set(), hasChanged: false }, round: 0 },
        undefined,
      );
    }
    const { source } = this.#deps;
    this.#requireSynced(request);
    const asked: Hook[] = [];
    for (const hook of source.hooks('Validating')) {
      if (await isAsked(hook, request, source.namespaceLabels)) asked.push(hook);
    }
    const results = await Promise.allSettled(
      asked.map((hook, index) => this.#ask({ hook, request, index, round: 0 })),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  close(): void {
    this.#deps.caller.close();
  }

  /** Every webhook in turn; each sees what those before it made. */
  async #round(
    { request, session, round }: Round,
    first: JsonObject | undefined,
  ): Promise<JsonObject | undefined> {
    const { source } = this.#deps;
    this.#requireSynced(request);
    let object = first;
    for (const [index, hook] of source.hooks('Mutating').entries()) {
      if (round === 1 && !session.again.has(hook.id)) continue;
      const seen = { ...request, object };
      if (!(await isAsked(hook, seen, source.namespaceLabels))) continue;
      const next = await this.#change({ hook, request: seen, index, round }, object);
      if (next !== object) {
        session.hasChanged = true;
        for (const id of session.called) session.again.add(id);
        session.called.clear();
      }
      object = next;
      if (hook.reinvocation === 'IfNeeded') session.called.add(hook.id);
    }
    return object;
  }

  async #change(asking: Asking, object: JsonObject | undefined): Promise<JsonObject | undefined> {
    const { hook, request, round, index } = asking;
    const answer = await this.#ask(asking);
    const next = answer?.patch === undefined ? object : this.#patch(asking, object, answer.patch);
    const note = { configuration: hook.configuration, webhook: hook.name, mutated: next !== object };
    request.annotate(`mutation.webhook.admission.k8s.io/round_${round}_index_${index}`, JSON.stringify(note));
    return next;
  }

  #patch({ hook, request }: Asking, object: JsonObject | undefined, patch: unknown): JsonObject | undefined {
    if (Array.isArray(patch) && patch.length === 0) return object;
    if (object === undefined) {
      throw internal(
        `admission webhook ${JSON.stringify(hook.name)} attempted to modify the object, which is not supported for this operation`,
      );
    }
    try {
      return this.#deps.patched(request.kind, object, patch);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw internal(`the patch of admission webhook ${JSON.stringify(hook.name)} does not apply: ${why}`);
    }
  }

  /** Undefined: there was no answer, and the webhook may be left out. Throws the refusal. */
  async #ask(asking: Asking): ReturnType<typeof askWebhook> {
    const { hook, request, index, round } = asking;
    const startedMs = performance.now();
    const observe = (rejected: boolean, code: number): void =>
      this.#metrics.observe(hook, request.operation, {
        rejected,
        code,
        seconds: (performance.now() - startedMs) / 1000,
      });
    try {
      const answer = await askWebhook(this.#deps.caller, asking);
      observe(false, 200);
      return answer;
    } catch (error) {
      if (!(error instanceof CallError)) {
        observe(true, error instanceof ApiError ? error.code : 0);
        throw error;
      }
      observe(hook.failurePolicy === 'Fail', 0);
      const message = `failed calling webhook ${JSON.stringify(hook.name)}: ${error.message}`;
      if (hook.failurePolicy === 'Fail') throw internal(message);
      this.#metrics.failedOpen(hook);
      this.#deps.log.info('webhook left out', {
        webhook: hook.name,
        configuration: hook.configuration,
        why: error.message,
      });
      const plugin = hook.type === 'Mutating' ? 'mutation' : 'validating';
      request.annotate(
        `failed-open.${plugin}.webhook.admission.k8s.io/round_${round}_index_${index}`,
        hook.name,
      );
      return undefined;
    }
  }

  #requireSynced({ kind, name }: AdmissionRequest): void {
    if (!this.#deps.source.hasSynced) throw forbidden(kind, name, 'not yet ready to handle request');
  }
}

const isConfiguration = ({ group, plural }: Kind): boolean =>
  group === 'admissionregistration.k8s.io' && /^(validating|mutating)webhookconfigurations$/.test(plural);

/** source: apimachinery NewInternalError. */
const internal = (message: string): ApiError =>
  new ApiError('InternalError', `Internal error occurred: ${message}`, {
    details: { causes: [{ reason: '', message }] },
  });
