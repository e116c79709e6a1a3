/**
 * Requests into the namespace of a tenant that is just being set up wait for it: `kubectl apply -f folder/` sends
 * a Tenant and what belongs into it within milliseconds, and must not fail for being fast.
 */
import type { Attributes, UserInfo } from './api/identity.ts';
import { tenantNamespace } from './api/identity.ts';
import { at } from './api/json.ts';
import { Tenant } from './kinds/tenant.ts';
import { isComponentName } from './policy/subjects.ts';
import type { Registry } from './registry/registry.ts';

const PREFIX = tenantNamespace('');

export interface TenantGate {
  /** Undefined in the common case: nothing to wait for. The caller bounds the wait. */
  readonly ready: (attributes: Attributes, user: UserInfo) => Promise<void> | undefined;
  close(): void;
}

export function createTenantGate(registry: Registry): TenantGate {
  const settingUp = new Map<string, { readonly done: Promise<void>; readonly open: () => void }>();
  /** UID of a tenant that was set up before: whoever works in it waits for no repair. */
  const wasSetUp = new Map<string, unknown>();
  const follow = (name: string, tenant: unknown): void => {
    const uid: unknown = at(tenant, 'metadata.uid');
    if (isSettingUp(tenant)) {
      if (settingUp.has(name) || wasSetUp.get(name) === uid) return;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      settingUp.set(name, { done: promise.then(() => undefined), open: () => resolve(undefined) });
      return;
    }
    settingUp.get(name)?.open();
    settingUp.delete(name);
    if (tenant === undefined) wasSetUp.delete(name);
    else wasSetUp.set(name, uid);
  };
  for (const object of registry.peekAll(Tenant)) follow(object.name, object.read());
  const end = registry.observe(Tenant, ({ name }, object) => follow(name, object?.read()));
  return {
    ready: (attributes, user) => {
      if (settingUp.size === 0 || attributes.is !== 'resource') return undefined;
      // Our controllers are the ones who do the setting up. The host's delete a namespace that somebody else deleted:
      // until it is gone it cannot be set up again.
      if (isComponentName(user.name)) return undefined;
      const { namespace } = attributes;
      if (!namespace.startsWith(PREFIX)) return undefined;
      const waiting = settingUp.get(namespace.slice(PREFIX.length));
      return waiting?.done;
    },
    close: () => {
      end();
      for (const { open } of settingUp.values()) open();
      settingUp.clear();
    },
  };
}

/** New, not being deleted, and its policies are not in force yet. */
function isSettingUp(tenant: unknown): boolean {
  if (tenant === undefined || at(tenant, 'metadata.deletionTimestamp') !== undefined) return false;
  const phase = at(tenant, 'status.phase');
  return phase === undefined || phase === 'Pending';
}
