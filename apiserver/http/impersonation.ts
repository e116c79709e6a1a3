/**
 * Acting as somebody else: `Impersonate-*` headers are honoured when whoever decides (the host cluster, where there
 * is one) says `impersonate` to every single one of them, refused otherwise, never ignored.
 * source: kubernetes/apiserver pkg/endpoints/filters/impersonation.go
 */
import type { IncomingMessage } from 'node:http';
import { ApiError, badRequest } from '../api/errors.ts';
import { ANONYMOUS, type UserInfo } from '../api/identity.ts';
import type { AccessGate } from '../policy/policy.ts';
import { requirePassage } from './access.ts';
import { isComponentName } from '../policy/subjects.ts';
import { withAuthenticated } from './authentication/authenticator.ts';
import { serviceAccountGroups } from './authentication/service-accounts.ts';
import type { Exchange } from './exchange.ts';

const USER = 'impersonate-user';
const UID = 'impersonate-uid';
const GROUP = 'impersonate-group';
const EXTRA = 'impersonate-extra-';
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;
const AUTHENTICATION_GROUP = 'authentication.k8s.io';

/** Whether the request asks to run as somebody else. */
export function asksToImpersonate({ request }: Exchange): boolean {
  const { headers } = request;
  for (const name in headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

/** Replaces `exchange.user` when that is allowed. Throws `ApiError` Forbidden or BadRequest. */
export async function impersonate(by: AccessGate, exchange: Exchange): Promise<void> {
  const wanted = readHeaders(exchange.request);
  if (wanted.name === '')
    throw badRequest('impersonating groups, a uid or extras needs Impersonate-User as well');
  if (isComponentName(wanted.name)) {
    throw new ApiError('Forbidden', `${wanted.name} is a component and cannot be impersonated`, {
      details: { name: wanted.name, kind: 'serviceaccounts' },
    });
  }
  for (const question of questions(wanted)) {
    await requirePassage(by, exchange, {
      is: 'resource',
      verb: 'impersonate',
      version: 'v1',
      group: '',
      subresource: '',
      namespace: '',
      ...question,
    });
  }
  exchange.impersonator = exchange.user;
  exchange.user = asUser(wanted);
}

interface Wanted {
  name: string;
  uid: string;
  readonly groups: string[];
  readonly extra: Record<string, string[]>;
}

/** Header by header as they came: Node joins repeated ones with commas, and a group may contain one. */
function readHeaders(request: IncomingMessage): Wanted {
  const wanted: Wanted = { name: '', uid: '', groups: [], extra: {} };
  const { rawHeaders } = request;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const header = (rawHeaders[i] ?? '').toLowerCase();
    if (!header.startsWith('impersonate-')) continue;
    const value = Buffer.from(rawHeaders[i + 1] ?? '', 'latin1').toString('utf8');
    if (header === USER) wanted.name = once(wanted.name, value, header);
    else if (header === UID) wanted.uid = once(wanted.uid, value, header);
    else if (header === GROUP) wanted.groups.push(value);
    else if (header.startsWith(EXTRA)) addExtra(wanted.extra, header.slice(EXTRA.length), value);
    else throw badRequest(`unknown header ${header}`);
  }
  return wanted;
}

function once(before: string, value: string, header: string): string {
  if (before !== '') throw badRequest(`${header} was sent twice`);
  return value;
}

function addExtra(extra: Record<string, string[]>, encoded: string, value: string): void {
  let key: string;
  try {
    key = decodeURIComponent(encoded).toLowerCase();
  } catch {
    key = encoded;
  }
  if (key === '' || key === '__proto__') throw badRequest('an Impersonate-Extra header names no usable key');
  const values = Object.hasOwn(extra, key) ? (extra[key] ?? []) : [];
  extra[key] = [...values, value];
}

interface Question {
  readonly group?: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name: string;
}

function questions(wanted: Wanted): readonly Question[] {
  const account = SERVICE_ACCOUNT.exec(wanted.name);
  const who: Question =
    account === null
      ? { resource: 'users', name: wanted.name }
      : { resource: 'serviceaccounts', namespace: account[1] ?? '', name: account[2] ?? '' };
  return [
    who,
    ...wanted.groups.map((name) => ({ resource: 'groups', name })),
    ...(wanted.uid === '' ? [] : [{ group: AUTHENTICATION_GROUP, resource: 'uids', name: wanted.uid }]),
    ...Object.entries(wanted.extra).flatMap(([key, values]) =>
      values.map((name) => ({
        group: AUTHENTICATION_GROUP,
        resource: 'userextras',
        subresource: key,
        name,
      })),
    ),
  ];
}

function asUser(wanted: Wanted): UserInfo {
  if (wanted.name === ANONYMOUS.name) {
    return { ...ANONYMOUS, groups: [...wanted.groups, ...ANONYMOUS.groups] };
  }
  const account = SERVICE_ACCOUNT.exec(wanted.name);
  // A service account comes with its own groups unless the caller names others.
  const implied =
    account !== null && wanted.groups.length === 0 ? serviceAccountGroups(account[1] ?? '') : [];
  return withAuthenticated({
    name: wanted.name,
    ...(wanted.uid === '' ? {} : { uid: wanted.uid }),
    groups: [...wanted.groups, ...implied],
    extra: wanted.extra,
  });
}
