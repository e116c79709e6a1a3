/**
 * Raises an alarm when a registration of our webhooks could hold up the cluster itself: when the selector of an entry
 * matches a protected namespace, or would once somebody put the label of a tenant on it. It changes nothing: whose
 * overlay says so may mean it.
 */
import { createHash } from 'node:crypto';
import type { Labels } from '../admission/webhooks/hook.ts';
import type { NamespaceLabels } from '../admission/webhooks/match.ts';
import { PROTECTED_NAMESPACES, TENANT_LABEL, TENANT_UID_LABEL } from '../api/identity.ts';
import { at, isObject, type JsonObject } from '../api/json.ts';
import type { Client } from '../client/client.ts';
import type { Resource } from '../client/resource.ts';
import { isAlreadyExists } from '../client/status.ts';
import { compileSelector } from '../policy/operators.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { WEBHOOK_CONFIGURATIONS, WEBHOOKS_NAME } from './injection.ts';
import { createLookLoop, type LookLoop } from './look-loop.ts';
import { recordEvent } from './registration-events.ts';

interface Deps {
  readonly client: Pick<Client, 'find' | 'create'>;
  /** Where Polder itself lives: protected like the cluster's own. */
  readonly namespace: string;
  /** Of the host's namespaces. */
  readonly labels: NamespaceLabels;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

const LOOK_MS = 30_000;

export function createRegistrationGuard(deps: Deps): LookLoop {
  const guard = new Guard(deps);
  return createLookLoop(deps.clock, (isClosing) => guard.look(isClosing));
}

/** An entry and the protected namespaces that its selector reaches. */
export interface UnsafeEntry {
  readonly entry: string;
  readonly namespaces: readonly string[];
}

/** `labels`: of each protected namespace, as it is now. */
export function unsafeEntries(
  configuration: JsonObject,
  labels: ReadonlyMap<string, Labels>,
): readonly UnsafeEntry[] {
  const hooks = configuration['webhooks'];
  return (Array.isArray(hooks) ? hooks.filter(isObject) : [])
    .map((hook) => ({
      entry: typeof hook['name'] === 'string' ? hook['name'] : '',
      namespaces: [...labels].filter(([name, own]) => reaches(hook, name, own)).map(([name]) => name),
    }))
    .filter(({ namespaces }) => namespaces.length > 0);
}

/** source: the selector of an entry without one matches every namespace. */
function reaches(hook: JsonObject, name: string, own: Labels): boolean {
  const selects = compileSelector(hook['namespaceSelector'] ?? {});
  // The API server takes none that cannot be read; if it did, nobody could tell.
  if (selects === undefined) return true;
  const now = { ...own, 'kubernetes.io/metadata.name': name };
  return selects(now) || selects({ ...now, [TENANT_LABEL]: name, [TENANT_UID_LABEL]: name });
}

class Guard {
  readonly #deps: Deps;
  readonly #protected: readonly string[];
  /** By kind of configuration. */
  readonly #found = new Map<string, readonly UnsafeEntry[]>();
  /** What was told last, by kind of configuration. */
  readonly #told = new Map<string, string>();

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#protected = [...new Set([...PROTECTED_NAMESPACES, deps.namespace])];
    deps.metrics.gauge({
      name: 'polder_webhook_unsafe_selectors',
      help: 'Entries of our webhook registrations that match a namespace of the cluster or of Polder itself.',
      collect: () => [...this.#found.values()].reduce((sum, entries) => sum + entries.length, 0),
    });
  }

  /** Never rejects; milliseconds until the next look. */
  async look(isClosing: () => boolean): Promise<number> {
    for (const kind of WEBHOOK_CONFIGURATIONS) {
      if (isClosing()) break;
      try {
        await this.#judge(kind);
      } catch (error) {
        if (!isClosing()) this.#deps.log.error('webhook selectors not looked at', { kind: kind.kind, error });
      }
    }
    return LOOK_MS;
  }

  async #judge(kind: Resource<JsonObject>): Promise<void> {
    const object = await this.#deps.client.find(kind, { name: WEBHOOKS_NAME });
    const found = object === undefined ? [] : unsafeEntries(object, await this.#labels());
    this.#found.set(kind.kind, found);
    if (object !== undefined) await this.#tell(kind, object, found);
  }

  async #labels(): Promise<ReadonlyMap<string, Labels>> {
    const all = this.#protected.map(async (name) => [name, (await this.#deps.labels(name)) ?? {}] as const);
    return new Map(await Promise.all(all));
  }

  /** Once for each state of the object; of several replicas one writes the Event. */
  async #tell(kind: Resource<JsonObject>, object: JsonObject, found: readonly UnsafeEntry[]): Promise<void> {
    const message = found
      .map(({ entry, namespaces }) => `${entry} matches ${namespaces.join(', ')}`)
      .join('; ');
    const state = JSON.stringify([at(object, 'metadata.uid'), at(object, 'metadata.generation'), message]);
    if (this.#told.get(kind.kind) === state) return;
    if (message !== '') await this.#alarm(kind, object, { message, state });
    this.#told.set(kind.kind, state);
  }

  async #alarm(
    kind: Resource<JsonObject>,
    object: JsonObject,
    { message, state }: { readonly message: string; readonly state: string },
  ): Promise<void> {
    const { client, clock, log } = this.#deps;
    log.error('webhook selectors match protected namespaces', { kind: kind.kind, entries: message });
    try {
      await recordEvent(
        client,
        { kind, object },
        {
          type: 'Warning',
          reason: 'UnsafeWebhookSelector',
          message: `${message}: an outage of Polder would hold up the cluster itself; apply the manifests again`,
          key: createHash('sha256').update(state).digest('hex').slice(0, 16),
          component: 'polder-apiserver',
          nowMs: clock.now(),
        },
      );
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
}
