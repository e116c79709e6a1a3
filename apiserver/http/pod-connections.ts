/**
 * Logs of pods and streams into them. The local plane stores pods and runs none, so each answers what a cluster
 * says about a pod that no node has taken yet, and why that stays so.
 * source: kubernetes pkg/registry/core/pod strategy LogLocation, streamLocation.
 */
import { badRequest } from '../api/errors.ts';
import type { Kind } from '../api/kind.ts';
import type { Authorizer } from '../policy/policy.ts';
import type { Registry } from '../registry/registry.ts';
import { requireAccess, resourceAttributes } from './access.ts';
import type { Exchange } from './exchange.ts';
import type { RequestInfo } from './request-info.ts';

const CONNECTIONS: ReadonlySet<string> = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);

export function isPodConnection(info: RequestInfo, kind: Kind): boolean {
  return (
    info.subresource !== '' && kind.kind === 'Pod' && kind.group === '' && CONNECTIONS.has(info.subresource)
  );
}

/** Always throws `ApiError`: Forbidden, NotFound, or BadRequest for a pod that is there. */
export async function refuseConnection(
  deps: { readonly registry: Registry; readonly authorizer: Authorizer },
  exchange: Exchange,
  kind: Kind,
): Promise<never> {
  const { namespace, name } = exchange.info;
  requireAccess(deps.authorizer, exchange, resourceAttributes(exchange.info));
  await deps.registry.get(exchange, { kind, namespace, name }, { resourceVersion: '' });
  throw badRequest(
    `pod ${name} does not have a host assigned: the local plane stores pods and does not run them`,
  );
}
