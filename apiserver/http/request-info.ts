/**
 * What a request asks for, read from its method and URL exactly as Kubernetes reads it: authorisation, audit,
 * metrics and the handlers all work on this one reading.
 * source: kubernetes/apiserver pkg/endpoints/request/requestinfo.go
 */
export interface RequestInfo {
  /** False: a path such as /version or /healthz; then only `verb` and `path` mean something. */
  readonly isResource: boolean;
  /** Decoded, without the query. */
  readonly path: string;
  /** Empty for a method that no resource knows (OPTIONS). Lower-case method for non-resource paths. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  /** For `namespaces` themselves this is the name of the namespace, as on Kubernetes. */
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** The name stood in the path; false when it came from `fieldSelector=metadata.name=`. */
  readonly named: boolean;
  /** More path parts than resource, name and subresource. */
  readonly tooDeep: boolean;
  /** Undefined when there is no `?` (the common case for single objects). */
  readonly query: URLSearchParams | undefined;
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

const NAME_TERM = /^metadata\.name={1,2}([^=!\\]+)$/;

/** Throws `URIError` when the path is not valid percent-encoding. */
export function readRequestInfo(method: string, url: string): RequestInfo {
  const mark = url.indexOf('?');
  const raw = mark === -1 ? url : url.slice(0, mark);
  const path = raw.includes('%') ? decodeURIComponent(raw) : raw;
  const query = mark === -1 ? undefined : new URLSearchParams(url.slice(mark + 1));
  const parts = split(path);
  // At least prefix, [group,] version and resource make a resource request.
  if (parts[0] === 'api' && parts.length >= 3) {
    return resource({ method, path, query, group: '', version: parts[1] ?? '' }, parts, 2);
  }
  if (parts[0] === 'apis' && parts.length >= 4) {
    return resource({ method, path, query, group: parts[1] ?? '', version: parts[2] ?? '' }, parts, 3);
  }
  return nonResource(method, path, query);
}

interface Reading {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams | undefined;
  readonly group: string;
  readonly version: string;
}

/** `from` is the index of the first part behind the version. */
function resource(reading: Reading, parts: readonly string[], from: number): RequestInfo {
  const { method, path, query, group, version } = reading;
  const verb = Object.hasOwn(VERBS, method) ? (VERBS[method] ?? '') : '';
  const first = isInNamespace(parts, from) ? from + 2 : from;
  const name = parts[first + 1] ?? '';
  const isCollection = name === '';
  return {
    isResource: true,
    path,
    verb: isCollection ? collectionVerb(verb, query) : verb,
    group,
    version,
    namespace: parts[from] === 'namespaces' ? (parts[from + 1] ?? '') : '',
    resource: parts[first] ?? '',
    subresource: parts[first + 2] ?? '',
    name: isCollection && verb === 'get' ? selectedName(query) : name,
    named: !isCollection,
    tooDeep: parts.length > first + 3,
    query,
  };
}

/** /namespaces/x/status and /namespaces/x/finalize belong to the namespace itself. */
function isInNamespace(parts: readonly string[], from: number): boolean {
  const next = parts[from + 2];
  return parts[from] === 'namespaces' && next !== undefined && next !== 'status' && next !== 'finalize';
}

function collectionVerb(verb: string, query: URLSearchParams | undefined): string {
  if (verb === 'delete') return 'deletecollection';
  if (verb !== 'get') return verb;
  return query !== undefined && isTrue(query.get('watch')) ? 'watch' : 'list';
}

/** A query flag: present means true, except for `false` and `0`. */
export function isTrue(value: string | null | undefined): boolean {
  if (value === null || value === undefined) return false;
  return value !== '0' && value.toLowerCase() !== 'false';
}

/** Least privilege by name: a list or watch of exactly one name is authorised as that name. */
function selectedName(query: URLSearchParams | undefined): string {
  const selector = query?.get('fieldSelector') ?? '';
  if (selector === '') return '';
  for (const term of selector.split(',')) {
    const name = NAME_TERM.exec(term)?.[1] ?? '';
    if (name !== '' && name !== '.' && name !== '..' && !/[/%]/.test(name)) return name;
  }
  return '';
}

function split(path: string): readonly string[] {
  let start = 0;
  let end = path.length;
  while (path[start] === '/') start += 1;
  while (end > start && path[end - 1] === '/') end -= 1;
  return start === end ? [] : path.slice(start, end).split('/');
}

function nonResource(method: string, path: string, query: URLSearchParams | undefined): RequestInfo {
  return {
    isResource: false,
    path,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    named: false,
    tooDeep: false,
    query,
  };
}
