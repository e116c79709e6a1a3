/**
 * Empties namespaces that are being deleted, of own and native kinds alike, waits for finalizers, and then lets the
 * namespace go. source: kubernetes/pkg/controller/namespace/deletion.
 */
import type { Kind } from '../../api/kind.ts';
import { isObject } from '../../api/json.ts';
import { createWorkqueue, type Outcome, type Workqueue } from '../../client/workqueue.ts';
import { timestamp, type Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { LocalRegistry } from '../create-registry.ts';
import { isNamespace, isTerminating } from '../finalizers.ts';
import { NO_SELECTION } from './selection.ts';
import type { Context, StoredObject } from '../registry.ts';
import { actor, writeAs } from './actor.ts';
import { withConditions, type Leftover } from './namespace-conditions.ts';

export interface LocalPlaneDeps {
  readonly registry: LocalRegistry;
  readonly kinds: readonly Kind[];
  readonly clock: Clock;
  readonly log: Log;
}

export interface Loop {
  /** After the registry's start. */
  start(): void;
  close(): Promise<void>;
}

const RETRY_MS = 50;
const MANAGER = 'namespace-controller';

export function createNamespaceEmptying(deps: LocalPlaneDeps): Loop {
  const kind = deps.kinds.find(isNamespace);
  if (kind === undefined) throw new Error('there is no Namespace among the kinds');
  return new NamespaceEmptying(deps, kind);
}

class NamespaceEmptying implements Loop {
  readonly #deps: LocalPlaneDeps;
  readonly #namespaceKind: Kind;
  readonly #contents: readonly Kind[];
  readonly #queue: Workqueue;
  readonly #leaving = new Set<string>();
  #stops: (() => void)[] = [];

  constructor(deps: LocalPlaneDeps, namespaceKind: Kind) {
    this.#deps = deps;
    this.#namespaceKind = namespaceKind;
    this.#contents = deps.kinds.filter(
      ({ scope, storage }) => scope === 'Namespaced' && storage === 'stored',
    );
    this.#queue = createWorkqueue({
      name: 'namespace-emptying',
      log: deps.log,
      clock: deps.clock,
      work: async (name, signal) => await this.#empty(name, actor(signal)),
    });
  }

  start(): void {
    const { registry } = this.#deps;
    this.#stops = [
      registry.observe(this.#namespaceKind, ({ name }, object) => this.#follow(name, object)),
      ...this.#contents.map((kind) =>
        registry.observe(kind, ({ namespace }, object) => {
          // What is left is looked at again when something went.
          if (object === undefined && this.#leaving.has(namespace)) this.#queue.add(namespace);
        }),
      ),
    ];
    for (const namespace of registry.peekAll(this.#namespaceKind)) this.#follow(namespace.name, namespace);
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    await this.#queue.close();
  }

  #follow(name: string, object: StoredObject | undefined): void {
    if (object === undefined) this.#leaving.delete(name);
    else if (!this.#leaving.has(name) && isTerminating(object.read())) {
      this.#leaving.add(name);
      this.#queue.add(name);
    }
  }

  async #empty(name: string, context: Context): Promise<Outcome> {
    const { registry } = this.#deps;
    const failures: string[] = [];
    for (const kind of this.#contents) {
      const failure = await this.#remove(kind, name, context);
      if (failure !== undefined) failures.push(failure);
    }
    // This write also is the point behind which nothing new can come in: creations that were under way when the
    // namespace was marked are committed before it.
    await this.#report(name, context, failures);
    const leftovers = this.#leftovers(name);
    const namespace = registry.peek(this.#namespaceKind, '', name)?.read();
    if (failures.length > 0) throw new Error(failures.join('; '));
    // What came in at the last moment is not marked yet; everything else calls when it goes.
    const isComplete = leftovers.every(({ objects }) =>
      objects.every((object) => isTerminating(object.read())),
    );
    if (!isComplete) return { is: 'requeue', afterMs: RETRY_MS };
    if (leftovers.length > 0 || namespace === undefined) return { is: 'done' };
    const spec = isObject(namespace['spec']) ? namespace['spec'] : {};
    const finalizers = Array.isArray(spec['finalizers']) ? spec['finalizers'] : [];
    const kept = finalizers.filter((finalizer) => finalizer !== 'kubernetes');
    await registry.finalizeNamespace(context, { ...namespace, spec: { ...spec, finalizers: kept } });
    return { is: 'done' };
  }

  /** What went wrong, if anything. */
  async #remove(kind: Kind, namespace: string, context: Context): Promise<string | undefined> {
    const { registry, log } = this.#deps;
    if (registry.peekAll(kind, namespace).length === 0) return undefined;
    const options = { dryRun: false, propagationPolicy: 'Background', list: NO_SELECTION } as const;
    try {
      await registry.deleteCollection(context, { kind, namespace }, options);
      return undefined;
    } catch (error) {
      log.info('content of a namespace could not be deleted yet', { kind: kind.kind, namespace, error });
      return error instanceof Error ? `${kind.plural}: ${error.message}` : `${kind.plural}: failed`;
    }
  }

  #leftovers(namespace: string): readonly Leftover[] {
    return this.#contents
      .map((kind) => ({ kind, objects: this.#deps.registry.peekAll(kind, namespace) }))
      .filter(({ objects }) => objects.length > 0);
  }

  async #report(name: string, context: Context, failures: readonly string[]): Promise<void> {
    const { registry, clock } = this.#deps;
    const namespace = registry.peek(this.#namespaceKind, '', name)?.read();
    if (namespace === undefined) return;
    const now = timestamp(clock.now());
    const value = withConditions(namespace, { leftovers: this.#leftovers(name), failures, now });
    const target = { kind: this.#namespaceKind, namespace: '', name, subresource: 'status' } as const;
    await registry.update(context, target, { value, duplicates: [], lossy: [] }, writeAs(MANAGER));
  }
}
