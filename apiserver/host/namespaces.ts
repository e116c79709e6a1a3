/**
 * The namespaces of the host cluster: where objects may be created, and which tenant each belongs to. A namespace
 * that the copy does not have is asked for, because the one who just made it is faster than a watch.
 * source: kubernetes/apiserver pkg/admission/plugin/namespace/lifecycle
 */
import type { Client } from '../client/client.ts';
import { createInformer } from '../client/informer.ts';
import { pause } from '../client/pause.ts';
import type { JsonObject } from '../api/json.ts';
import type { Labels } from '../admission/webhooks/hook.ts';
import { Namespace } from '../kinds/native/namespace.ts';
import type { PolicyFeed } from '../policy/policy.ts';
import type { NamespaceState, Namespaces } from '../registry/namespace-lifecycle.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';

export interface HostNamespaces extends Namespaces {
  readonly hasSynced: boolean;
  /** Undefined: there is no such namespace. */
  labels(name: string): Labels | Promise<Labels | undefined>;
  /** Tells the engine about every namespace, now and later; the result ends it. */
  feed(feed: PolicyFeed): () => void;
  start(): void;
  close(): Promise<void>;
}

/** source: the plugin waits this long for its informer before it asks. */
const CATCH_UP_MS = 50;
const ASK_MS = 5_000;

export function createHostNamespaces(deps: {
  readonly client: Pick<Client, 'find' | 'list' | 'watch'>;
  readonly clock: Clock;
  readonly log: Log;
}): HostNamespaces {
  const { client, clock } = deps;
  const informer = createInformer(Namespace, deps);
  const closing = new AbortController();
  const known = (name: string): NamespaceState | undefined => {
    const found = informer.get({ name });
    return found === undefined ? undefined : stateOf(found);
  };
  const ask = async (name: string): Promise<Namespace | undefined> => {
    await pause(clock, CATCH_UP_MS, closing.signal);
    const caughtUp = informer.get({ name });
    if (caughtUp !== undefined) return caughtUp;
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(ASK_MS)]);
    return client.find(Namespace, { name }, { signal });
  };
  const find = async (name: string): Promise<NamespaceState> => {
    const found = await ask(name);
    return found === undefined ? 'missing' : stateOf(found);
  };
  return {
    get hasSynced() {
      return informer.hasSynced;
    },
    state: (name) => known(name) ?? find(name),
    labels: (name) => {
      const found = informer.get({ name });
      return found === undefined ? ask(name).then(labelsOf) : (labelsOf(found) ?? {});
    },
    feed: (feed) =>
      informer.onChange(({ type, object }) => {
        const now = type === 'deleted' ? undefined : (object as unknown as JsonObject);
        feed.apply(Namespace, '', object.metadata.name, now);
      }),
    start: () => informer.start(),
    close: async () => {
      closing.abort(new Error('the server is stopping'));
      await informer.close();
    },
  };
}

const labelsOf = (namespace: Namespace | undefined): Labels | undefined =>
  namespace === undefined ? undefined : (namespace.metadata.labels ?? {});

const stateOf = (namespace: Namespace): NamespaceState =>
  namespace.metadata.deletionTimestamp !== undefined || namespace.status?.phase === 'Terminating'
    ? 'terminating'
    : 'active';
