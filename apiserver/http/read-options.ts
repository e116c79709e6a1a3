/**
 * Options of list and watch from the query, with the checks and the wording of Kubernetes.
 * source: kubernetes/apimachinery pkg/apis/meta/internalversion/validation/validation.go
 */
import { badRequest, invalid, type Cause } from '../api/errors.ts';
import { parseSelectors } from '../api/selectors.ts';
import type { Kind } from '../api/kind.ts';
import type { Visibility } from '../policy/policy.ts';
import type { ListOptions, Selectors, WatchOptions } from '../registry/registry.ts';
import { isTrue } from './request-info.ts';

const LIST_OPTIONS = { group: 'meta.k8s.io', kind: 'ListOptions' };
const MATCHES = ['Exact', 'NotOlderThan'] as const;
type Match = '' | (typeof MATCHES)[number];

const EMPTY = new URLSearchParams();

/** Throws `ApiError` BadRequest or Invalid. */
export function readListOptions(
  query: URLSearchParams | undefined,
  kind: Kind,
  visibility: Visibility,
): ListOptions {
  const params = query ?? EMPTY;
  const match = params.get('resourceVersionMatch') ?? '';
  const resourceVersion = params.get('resourceVersion') ?? '';
  const token = params.get('continue') ?? '';
  // A list does not last, but Kubernetes reads all of ListOptions and refuses what is no number.
  integer(params, 'timeoutSeconds');
  const causes = listProblems({ match, resourceVersion, token, params });
  if (causes.length > 0) throw invalid(LIST_OPTIONS, '', causes);
  return {
    selectors: readSelectors(params, kind),
    visibility,
    limit: integer(params, 'limit') ?? 0,
    continue: token,
    resourceVersion,
    resourceVersionMatch: match as Match,
  };
}

/** Throws `ApiError` BadRequest or Invalid. */
export function readWatchOptions(
  query: URLSearchParams | undefined,
  kind: Kind,
  visibility: Visibility,
): WatchOptions {
  const params = query ?? EMPTY;
  const match = params.get('resourceVersionMatch') ?? '';
  const sendInitialEvents = flag(params, 'sendInitialEvents');
  const causes = watchProblems(match, sendInitialEvents, params.get('continue') ?? '');
  if (causes.length > 0) throw invalid(LIST_OPTIONS, '', causes);
  return {
    selectors: readSelectors(params, kind),
    visibility,
    resourceVersion: params.get('resourceVersion') ?? '',
    resourceVersionMatch: match as Match,
    sendInitialEvents,
    allowBookmarks: flag(params, 'allowWatchBookmarks') ?? false,
  };
}

function readSelectors(params: URLSearchParams, kind: Kind): Selectors {
  const labelText = params.get('labelSelector') ?? '';
  const selectors = parseSelectors(kind, labelText, params.get('fieldSelector') ?? '');
  return labelText === '' ? selectors : { ...selectors, labelText };
}

/** Undefined when unset. Throws BadRequest for anything that is no whole number, nothing at all as well. */
export function integer(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (!/^-?[0-9]+$/.test(text) || !Number.isSafeInteger(value)) {
    throw badRequest(`${name} must be a whole number, not ${JSON.stringify(text.slice(0, 64))}`);
  }
  return value;
}

/** Undefined when unset; `false` and `0` are false, everything else is true. */
export function flag(params: URLSearchParams, name: string): boolean | undefined {
  const text = params.get(name);
  return text === null ? undefined : isTrue(text);
}

const MATCH_FIELD = 'resourceVersionMatch';
const prohibited = (field: string, why: string): Cause => ({
  reason: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${why}`,
});
export const notSupported = (field: string, value: string, supported: readonly string[]): Cause => ({
  reason: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported
    .map((one) => JSON.stringify(one))
    .join(', ')}`,
});

interface ListQuestion {
  readonly match: string;
  readonly resourceVersion: string;
  readonly token: string;
  readonly params: URLSearchParams;
}

function listProblems({ match, resourceVersion, token, params }: ListQuestion): readonly Cause[] {
  const causes: Cause[] = [];
  if (match !== '') {
    if (resourceVersion === '') {
      causes.push(prohibited(MATCH_FIELD, `${MATCH_FIELD} is forbidden unless resourceVersion is provided`));
    }
    if (token !== '') {
      causes.push(prohibited(MATCH_FIELD, `${MATCH_FIELD} is forbidden when continue is provided`));
    }
    if (!MATCHES.some((known) => known === match)) {
      causes.push(notSupported(MATCH_FIELD, match, [...MATCHES, '']));
    }
    if (match === 'Exact' && resourceVersion === '0') {
      causes.push(prohibited(MATCH_FIELD, `${MATCH_FIELD} "exact" is forbidden for resourceVersion "0"`));
    }
  }
  if (params.has('sendInitialEvents')) {
    causes.push(prohibited('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return causes;
}

function watchProblems(
  match: string,
  sendInitialEvents: boolean | undefined,
  token: string,
): readonly Cause[] {
  const causes: Cause[] = [];
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    causes.push(prohibited(MATCH_FIELD, `sendInitialEvents requires setting ${MATCH_FIELD} to NotOlderThan`));
  }
  if (match === '') return causes;
  if (sendInitialEvents === undefined) {
    causes.push(
      prohibited(MATCH_FIELD, `${MATCH_FIELD} is forbidden for watch unless sendInitialEvents is provided`),
    );
  }
  if (match !== 'NotOlderThan') causes.push(notSupported(MATCH_FIELD, match, ['NotOlderThan']));
  if (token !== '') {
    causes.push(prohibited(MATCH_FIELD, `${MATCH_FIELD} is forbidden when continue is provided`));
  }
  return causes;
}
