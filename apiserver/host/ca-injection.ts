/**
 * Keeps our own CA in the objects by which the host calls us: the APIServices of our groups and our webhook
 * registrations; and publishes it for agents and people. Every replica does so: they all write the same.
 */
import { at, isObject, type JsonObject } from '../api/json.ts';
import type { Client } from '../client/client.ts';
import { publishBundle } from '../client/own-authority.ts';
import type { Resource } from '../client/resource.ts';
import { isConflict, isNotFound } from '../client/status.ts';
import { KINDS } from '../kinds/index.ts';
import { MutatingWebhookConfiguration } from '../kinds/native/mutating-webhook-configuration.ts';
import { ValidatingWebhookConfiguration } from '../kinds/native/validating-webhook-configuration.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';

export interface CaInjection {
  /** From now on this is what callers have to trust; PEM. */
  trust(bundle: string): void;
  close(): Promise<void>;
}

/** Name of both our webhook configurations. */
export const WEBHOOKS_NAME = 'polder-webhooks';
/** While something is missing somebody is installing us and waits. */
const SOON_MS = 2_000;
/** An object may be applied again without the CA. */
const LATER_MS = 30_000;

type Any = Resource<JsonObject>;
const apiServices: Any = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  scope: 'Cluster',
};
/** The two kinds that have an object of this name. */
export const WEBHOOK_CONFIGURATIONS: readonly Any[] = [
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
].map(({ group, version, kind, plural, scope }) => ({ group, version, kind, plural, scope }));
const API_SERVICE_NAMES = [...new Set(KINDS.map(({ group, version }) => `${version}.${group}`))];

interface Deps {
  readonly client: Client;
  /** Where our Services are. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Log;
}

export function createCaInjection(deps: Deps): CaInjection {
  const closing = new AbortController();
  let bundle = '';
  let cancel: () => void = () => undefined;
  let working: Promise<void> = Promise.resolve();

  const look = async (): Promise<void> => {
    if (closing.signal.aborted) return;
    const isComplete = await injectAll(deps, bundle, closing.signal);
    cancel();
    cancel = deps.clock.after(isComplete ? LATER_MS : SOON_MS, lookNext);
  };
  /** One look after the other, so that an older bundle never overwrites a newer one. */
  const lookNext = (): void => {
    working = working.then(look);
  };
  return {
    trust: (pem) => {
      bundle = pem;
      lookNext();
    },
    close: async () => {
      closing.abort(new Error('the process is stopping'));
      cancel();
      await working;
    },
  };
}

/** False when something is missing or could not be written. Never rejects. */
async function injectAll(deps: Deps, bundle: string, signal: AbortSignal): Promise<boolean> {
  const { client, namespace, clock, log } = deps;
  const caBundle = Buffer.from(bundle).toString('base64');
  const steps: readonly (() => Promise<void>)[] = [
    () => publishBundle({ client, namespace, now: clock.now(), signal }, bundle),
    ...API_SERVICE_NAMES.map(
      (name) => () => inject(deps, apiServices, name, (object) => inService(object, namespace, caBundle)),
    ),
    ...WEBHOOK_CONFIGURATIONS.map(
      (kind) => () => inject(deps, kind, WEBHOOKS_NAME, (object) => inWebhooks(object, namespace, caBundle)),
    ),
  ];
  let isComplete = true;
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      isComplete = false;
      // Not applied yet, or applied by somebody at this very moment: the next look finds it.
      if (!signal.aborted && !isNotFound(error) && !isConflict(error))
        log.error('CA not injected', { error });
    }
  }
  return isComplete;
}

async function inject(
  { client, log }: Deps,
  kind: Any,
  name: string,
  change: (object: JsonObject) => JsonObject | undefined,
): Promise<void> {
  const object = await client.get(kind, { name });
  const changed = change(object);
  if (changed === undefined) return;
  // Only as it was read: a registration that was replaced meanwhile must not come back.
  const metadata = { resourceVersion: at(object, 'metadata.resourceVersion') };
  await client.patch(kind, { name }, { metadata, ...changed });
  log.info('CA injected', { kind: kind.kind, name });
}

/** Undefined when there is nothing to change. */
function inService(object: JsonObject, namespace: string, caBundle: string): JsonObject | undefined {
  if (at(object, 'spec.service.namespace') !== namespace) return undefined;
  return at(object, 'spec.caBundle') === caBundle ? undefined : { spec: { caBundle } };
}

/** Undefined when there is nothing to change. A merge patch takes a list as a whole. */
function inWebhooks(object: JsonObject, namespace: string, caBundle: string): JsonObject | undefined {
  const hooks = Array.isArray(object['webhooks']) ? object['webhooks'] : [];
  const isBehind = (hook: unknown): boolean =>
    at(hook, 'clientConfig.service.namespace') === namespace &&
    at(hook, 'clientConfig.caBundle') !== caBundle;
  if (!hooks.some(isBehind)) return undefined;
  return {
    webhooks: hooks.map((hook: JsonObject) =>
      isBehind(hook) ? { ...hook, clientConfig: { ...asObject(hook['clientConfig']), caBundle } } : hook,
    ),
  };
}

const asObject = (value: unknown): JsonObject => (isObject(value) ? value : {});
