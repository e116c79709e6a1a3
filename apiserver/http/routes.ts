/** Which URLs and methods exist for a kind; everything else is 404 or 405 with Kubernetes' wording. */
import { ApiError } from '../api/errors.ts';
import { resourceName, type Kind } from '../api/kind.ts';
import type { RequestInfo } from './request-info.ts';

export const noSuchResource = (): ApiError =>
  new ApiError('NotFound', 'the server could not find the requested resource', { details: {} });

/** A resource that discovery does not show either. */
export const notServed = ({ group, version, resource }: RequestInfo): ApiError => {
  const name = group === '' ? `${resource}/${version}` : `${resource}.${group}/${version}`;
  const message = `the server could not find the requested resource: ${name} is not served here`;
  return new ApiError('NotFound', message, { details: {} });
};

export const methodNotAllowed = (kind: Kind, verb: string): ApiError =>
  new ApiError('MethodNotAllowed', `${verb} is not supported on resources of kind "${resourceName(kind)}"`, {
    details: { ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural },
  });

export type Subresource = '' | 'status' | 'scale';

/** Checks that the URL can exist for this kind. Throws `ApiError` NotFound or MethodNotAllowed. */
export function requireRoute(info: RequestInfo, kind: Kind): Subresource {
  if (info.tooDeep || !isScopeRight(info, kind)) throw noSuchResource();
  const subresource = requireSubresource(info, kind);
  if (!isVerbServed(info, kind)) throw methodNotAllowed(kind, info.verb);
  return subresource;
}

function isScopeRight(info: RequestInfo, kind: Kind): boolean {
  const inNamespace = isInNamespace(info, kind);
  // A cluster-scoped kind under a namespace must not exist: a namespace's deletion would delete all of them.
  if (kind.scope === 'Cluster') return !inNamespace;
  return inNamespace || (!info.named && (info.verb === 'list' || info.verb === 'watch'));
}

function isVerbServed({ verb, named }: RequestInfo, kind: Kind): boolean {
  if (kind.storage === 'virtual') return verb === 'create' && !named;
  switch (verb) {
    case 'create':
      return !named;
    case 'update':
    case 'patch':
      return named;
    default:
      return true;
  }
}

function isInNamespace(info: RequestInfo, kind: Kind): boolean {
  if (kind.plural !== 'namespaces' || kind.group !== '') return info.namespace !== '';
  // A Namespace by name carries that name as its namespace too; any other one would be a second way to reach it.
  return info.namespace !== '' && (!info.named || info.namespace !== info.name);
}

function requireSubresource({ subresource, verb }: RequestInfo, kind: Kind): Subresource {
  if (subresource === '') return '';
  const isServed =
    (subresource === 'status' && kind.hasStatus) || (subresource === 'scale' && kind.scale !== undefined);
  if (!isServed) throw noSuchResource();
  if (verb !== 'get' && verb !== 'update' && verb !== 'patch') throw methodNotAllowed(kind, verb);
  return subresource;
}
