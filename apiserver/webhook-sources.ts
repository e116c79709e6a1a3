/** Where the configurations of other people's webhooks are kept: in the local plane, or on the host cluster. */
import { applyPatch, parsePatch } from './registry/json-patch.ts';
import { pruned, settled } from './registry/shape.ts';
import { equal } from './registry/tree.ts';
import type { Registry } from './registry/registry.ts';
import { hooksOf, type Hook, type HookType, type Labels } from './admission/webhooks/hook.ts';
import type { WebhookSource } from './admission/webhooks/dispatch.ts';
import { at, isObject, type Json, type JsonObject } from './api/json.ts';
import type { Kind } from './api/kind.ts';
import { MutatingWebhookConfiguration } from './kinds/native/mutating-webhook-configuration.ts';
import { Namespace } from './kinds/native/namespace.ts';
import { ValidatingWebhookConfiguration } from './kinds/native/validating-webhook-configuration.ts';

export const CONFIGURATION_KINDS: Readonly<Record<HookType, Kind>> = {
  Mutating: MutatingWebhookConfiguration,
  Validating: ValidatingWebhookConfiguration,
};

/** Reads configurations again only after one of them changed. */
export interface HookCache {
  hooks(type: HookType): readonly Hook[];
  /** One of this type changed. */
  forget(type: HookType): void;
}

export function createHookCache(read: (kind: Kind) => Iterable<JsonObject>): HookCache {
  const known = new Map<HookType, readonly Hook[]>();
  return {
    hooks: (type) => {
      const hooks = known.get(type) ?? hooksOf(type, read(CONFIGURATION_KINDS[type]));
      known.set(type, hooks);
      return hooks;
    },
    forget: (type) => void known.delete(type),
  };
}

/** Configurations and namespaces are objects of our own; the registry may be started later. */
export function localWebhookSource(registry: () => Registry): WebhookSource {
  let cache: HookCache | undefined;
  const follow = (): HookCache => {
    const made = createHookCache((kind) =>
      registry()
        .peekAll(kind)
        .map((object) => object.read()),
    );
    for (const type of ['Mutating', 'Validating'] as const) {
      registry().observe(CONFIGURATION_KINDS[type], () => made.forget(type));
    }
    return made;
  };
  return {
    hasSynced: true,
    hooks: (type) => (cache ??= follow()).hooks(type),
    namespaceLabels: (name) => labelsIn(registry().peek(Namespace, '', name)?.read()),
  };
}

/** Undefined: there is no such namespace. */
export function labelsIn(namespace: JsonObject | undefined): Labels | undefined {
  if (namespace === undefined) return undefined;
  const labels = at(namespace, 'metadata.labels');
  return isObject(labels) ? labels : {};
}

/** What a webhook's patch makes of an object, in the form in which it would be stored; the same one when equal. */
export function patchedByWebhook(kind: Kind, object: JsonObject, patch: unknown): JsonObject {
  const changed: Json = applyPatch(object, parsePatch(patch));
  if (!isObject(changed)) throw new Error('the result is no object');
  const next = settled(kind, pruned(kind, changed).object);
  return equal(next, object) ? object : next;
}
