/** Which URLs and methods exist for a kind; everything else is 404 or 405 with Kubernetes' wording. */
import { ApiError } from '../api/errors.ts';
import { resourceName, type Kind } from '../api/kind.ts';
import type { RequestInfo } from './request-info.ts';

export const noSuchResource = (): ApiError =>
  new ApiError('NotFound', 'the server could not find the requested resource', { details: {} });

export const methodNotAllowed = (kind: Kind, verb: string): ApiError =>
  new ApiError('MethodNotAllowed', `${verb} is not supported on resources of kind "${resourceName(kind)}"`, {
    details: { ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural },
  });

export type Subresource = '' | 'status' | 'scale';

/** Checks that the URL can exist for this kind. Throws `ApiError` NotFound or MethodNotAllowed. */
export function requireRoute(info: RequestInfo, kind: Kind): Subresource {
  const isCollection = !info.named;
  const inNamespace = isInNamespace(info, kind, isCollection);
  // A cluster-scoped kind under a namespace must not exist: a namespace's deletion would delete all of them.
  if (kind.scope === 'Cluster' && inNamespace) throw noSuchResource();
  const acrossNamespaces = isCollection && (info.verb === 'list' || info.verb === 'watch');
  if (kind.scope === 'Namespaced' && !inNamespace && !acrossNamespaces) throw noSuchResource();
  if (info.tooDeep) throw noSuchResource();
  if (kind.storage === 'virtual' && info.verb !== 'create') throw methodNotAllowed(kind, info.verb);
  if (info.verb === 'create' && !isCollection) throw methodNotAllowed(kind, info.verb);
  if (isCollection && (info.verb === 'update' || info.verb === 'patch')) {
    throw methodNotAllowed(kind, info.verb);
  }
  return requireSubresource(info, kind);
}

function isInNamespace(info: RequestInfo, kind: Kind, isCollection: boolean): boolean {
  if (kind.plural !== 'namespaces' || kind.group !== '') return info.namespace !== '';
  // A Namespace by name carries that name as its namespace too; any other one would be a second way to reach it.
  return info.namespace !== '' && (isCollection || info.namespace !== info.name);
}

function requireSubresource({ subresource, verb }: RequestInfo, kind: Kind): Subresource {
  if (subresource === '') return '';
  const isServed =
    (subresource === 'status' && kind.hasStatus) || (subresource === 'scale' && kind.scale !== undefined);
  if (!isServed) throw noSuchResource();
  if (verb !== 'get' && verb !== 'update' && verb !== 'patch') throw methodNotAllowed(kind, verb);
  return subresource;
}

