/**
 * Keeps in the objects by which the host calls us what no manifest can hold: our own CA in the APIServices of our groups
 * and in our webhook registrations, where nobody else writes it, and the unguessable path in the latter. The CA is
 * published for agents and people too. Every replica does so: they all write the same.
 */
import { at, isObject, type JsonObject } from '../api/json.ts';
import type { Client } from '../client/client.ts';
import { publishBundle } from '../client/own-authority.ts';
import type { Resource } from '../client/resource.ts';
import { ensureWebhookPath, registeredPath, type WebhookPath } from '../client/webhook-path.ts';
import { isConflict, isNotFound } from '../client/status.ts';
import { KINDS } from '../kinds/index.ts';
import { MutatingWebhookConfiguration } from '../kinds/native/mutating-webhook-configuration.ts';
import { ValidatingWebhookConfiguration } from '../kinds/native/validating-webhook-configuration.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';

export interface Injection {
  /** From now on this is what callers have to trust, as PEM; undefined: somebody else writes it. */
  keep(bundle: string | undefined): void;
  close(): Promise<void>;
}

/** Name of both our webhook configurations. */
export const WEBHOOKS_NAME = 'polder-webhooks';
/** While something is missing somebody is installing us and waits. */
const SOON_MS = 2_000;
/** An object may be applied again without what we wrote. */
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

export function createInjection(deps: Deps): Injection {
  const closing = new AbortController();
  const { signal } = closing;
  let bundle: string | undefined;
  let path: WebhookPath | undefined;
  let cancel: () => void = () => undefined;
  let working: Promise<void> = Promise.resolve();

  const ensurePath = async (): Promise<void> => {
    const { client, namespace, clock } = deps;
    path = await ensureWebhookPath({ client, namespace, now: clock.now(), signal }, path);
  };
  const look = async (): Promise<void> => {
    if (signal.aborted) return;
    const hasPath = await succeeds(deps, ensurePath, signal);
    const steps = stepsFor(deps, { bundle, path }, signal);
    let isComplete = hasPath;
    for (const step of steps) isComplete = (await succeeds(deps, step, signal)) && isComplete;
    cancel();
    cancel = deps.clock.after(isComplete ? LATER_MS : SOON_MS, lookNext);
  };
  /** One look after the other, so that an older bundle never overwrites a newer one. */
  const lookNext = (): void => {
    working = working.then(look);
  };
  return {
    keep: (pem) => {
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

type Step = () => Promise<void>;
interface Wanted {
  readonly bundle: string | undefined;
  readonly path: WebhookPath | undefined;
}

function stepsFor(deps: Deps, { bundle, path }: Wanted, signal: AbortSignal): readonly Step[] {
  const { client, namespace, clock } = deps;
  const caBundle = bundle === undefined ? undefined : Buffer.from(bundle).toString('base64');
  const secret = path === undefined ? undefined : registeredPath(path, clock.now());
  const hooks = WEBHOOK_CONFIGURATIONS.map(
    (kind) => () =>
      inject(deps, kind, WEBHOOKS_NAME, (object) => inWebhooks(object, { namespace, caBundle, secret })),
  );
  if (bundle === undefined || caBundle === undefined) return hooks;
  return [
    () => publishBundle({ client, namespace, now: clock.now(), signal }, bundle),
    ...API_SERVICE_NAMES.map(
      (name) => () => inject(deps, apiServices, name, (object) => inService(object, namespace, caBundle)),
    ),
    ...hooks,
  ];
}

/** Never rejects. */
async function succeeds({ log }: Deps, step: Step, signal: AbortSignal): Promise<boolean> {
  try {
    await step();
    return true;
  } catch (error) {
    // Not applied yet, or applied by somebody at this very moment: the next look finds it.
    if (!signal.aborted && !isNotFound(error) && !isConflict(error))
      log.error('registration not written', { error });
    return false;
  }
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
  log.info('registration written', { kind: kind.kind, name });
}

/** Undefined when there is nothing to change. */
function inService(object: JsonObject, namespace: string, caBundle: string): JsonObject | undefined {
  if (at(object, 'spec.service.namespace') !== namespace) return undefined;
  return at(object, 'spec.caBundle') === caBundle ? undefined : { spec: { caBundle } };
}

interface OfWebhooks {
  readonly namespace: string;
  /** In base64; undefined: as it is. */
  readonly caBundle: string | undefined;
  /** First part of the path; undefined: as it is. */
  readonly secret: string | undefined;
}

/** Undefined when there is nothing to change. A merge patch takes a list as a whole. */
function inWebhooks(object: JsonObject, wanted: OfWebhooks): JsonObject | undefined {
  const before = Array.isArray(object['webhooks']) ? object['webhooks'].filter(isObject) : [];
  const webhooks = before.map((hook) => inWebhook(hook, wanted));
  return webhooks.every((hook, index) => hook === before[index]) ? undefined : { webhooks };
}

/** The same object when there is nothing to change. */
function inWebhook(hook: JsonObject, { namespace, caBundle, secret }: OfWebhooks): JsonObject {
  const { name, clientConfig: config } = hook;
  const service = at(config, 'service');
  if (typeof name !== 'string' || !isObject(config) || !isObject(service)) return hook;
  if (service['namespace'] !== namespace) return hook;
  const next = {
    caBundle: caBundle ?? config['caBundle'],
    path: secret === undefined ? service['path'] : `/${secret}/${name}`,
  };
  if (next.caBundle === config['caBundle'] && next.path === service['path']) return hook;
  const { caBundle: ca, path } = next;
  const to = { ...service, ...(path === undefined ? {} : { path }) };
  return { ...hook, clientConfig: { ...config, ...(ca === undefined ? {} : { caBundle: ca }), service: to } };
}
