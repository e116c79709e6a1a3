/**
 * Requests into the namespace of a tenant that is just being set up wait for it: `kubectl apply -f folder/` sends
 * a Tenant and what belongs into it within milliseconds, and must not fail for being fast. They do not wait for long:
 * when the controllers are away, what policies say of an unfinished tenant is the answer.
 */
import type { Attributes, UserInfo } from './api/identity.ts';
import { tenantNamespace } from './api/identity.ts';
import { at } from './api/json.ts';
import { Tenant } from './kinds/tenant.ts';
import { isComponentName } from './policy/subjects.ts';
import type { Registry } from './registry/registry.ts';
import type { Clock } from './runtime/clock.ts';

const PREFIX = tenantNamespace('');

export interface TenantGate {
  /** Undefined in the common case: nothing to wait for. Otherwise resolves within 10 s. */
  readonly ready: (attributes: Attributes, user: UserInfo) => Promise<void> | undefined;
  close(): void;
}

/** Setting a tenant up takes a second or two. */
const PATIENCE_MS = 10_000;

export function createTenantGate(registry: Registry, clock: Clock): TenantGate {
  /** Tenant to what lets go each request that waits for it. */
  const settingUp = new Map<string, Set<() => void>>();
  /** UID of a tenant that was set up before: whoever works in it waits for no repair. */
  const wasSetUp = new Map<string, unknown>();
  const follow = (name: string, tenant: unknown): void => {
    const uid: unknown = at(tenant, 'metadata.uid');
    if (isSettingUp(tenant)) {
      if (settingUp.has(name) || wasSetUp.get(name) === uid) return;
      settingUp.set(name, new Set());
      return;
    }
    const waiting = settingUp.get(name);
    settingUp.delete(name);
    for (const letGo of waiting ?? []) letGo();
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
      return waiting && waitIn(waiting, clock);
    },
    close: () => {
      end();
      for (const waiting of settingUp.values()) for (const letGo of waiting) letGo();
      settingUp.clear();
    },
  };
}

function waitIn(waiting: Set<() => void>, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const letGo = (): void => {
      cancel();
      waiting.delete(letGo);
      resolve();
    };
    const cancel = clock.after(PATIENCE_MS, letGo);
    waiting.add(letGo);
  });
}

/** New, not being deleted, and its policies are not in force yet. */
function isSettingUp(tenant: unknown): boolean {
  if (tenant === undefined || at(tenant, 'metadata.deletionTimestamp') !== undefined) return false;
  const phase = at(tenant, 'status.phase');
  return phase === undefined || phase === 'Pending';
}
