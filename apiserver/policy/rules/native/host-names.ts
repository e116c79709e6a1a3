/** Hosts that something of a tenant answers for: not too many, each a name, and none of another tenant's. */
import { takenByOthers, type NamedHost } from '../../native/hosts.ts';
import type { Violation } from '../rule.ts';
import { forbid, type NativeSubject } from './native-rule.ts';

/** In rules, annotations and for certificates. Each is looked up among those of all other tenants, in everybody's time. */
export const MAX_HOSTS = 1_000;

/** One for each field that names some: those that stay as they were may stay (`native-rule.ts`). */
export function tooMany(hosts: readonly NamedHost[]): readonly Violation[] {
  const [named, limit] = [hosts.length, MAX_HOSTS].map((each) => each.toLocaleString('en'));
  const message = `names ${named} hosts; at most ${limit} are decided on, spread them over several`;
  const fields = new Set(hosts.map(({ path }) => (path.startsWith('metadata.') ? path : 'spec')));
  return [...fields].map((field) => forbid('TOO_LARGE', field, message));
}

export function taken(hosts: readonly NamedHost[], { context, tenant }: NativeSubject): readonly Violation[] {
  if (hosts.length === 0) return [];
  const isTaken = takenByOthers(tenant.uid, context.engine, context.lookup);
  return hosts
    .filter(({ host }) => host === '' || isTaken(host))
    .map(({ path }) => forbid('HOST_NOT_OWNED', path, 'this host is not available to this tenant'));
}
