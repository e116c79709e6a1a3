/**
 * Identity from the headers of the cluster's front proxy (the aggregator of kube-apiserver). Headers count only on a
 * connection whose certificate chains to the requestheader CA and names an allowed proxy; from anyone else they are
 * taken away unread. source: kubernetes/apiserver pkg/authentication/request/headerrequest/requestheader.go
 */
import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { UserInfo } from '../../api/identity.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { withAuthenticated } from './authenticator.ts';
import {
  presentedBy,
  readCertificates,
  requireInTime,
  verifyChain,
  type Validity,
} from './certificate-chain.ts';
import { namesOf } from './client-certificates.ts';

/** source: ConfigMap kube-system/extension-apiserver-authentication, keys `requestheader-*`. */
export interface RequestHeaderConfig {
  /** PEM; one or more. */
  readonly authorities: string;
  /** Common names of proxies; empty: any name under the CA. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  /** Empty: no UID is taken from headers. */
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraPrefixes: readonly string[];
}

export interface FrontProxy {
  /** Undefined: not from a proxy that counts, or it names nobody. Takes identity headers away whoever sent them. */
  authenticate(request: IncomingMessage): UserInfo | undefined;
  /** Takes effect for open connections too; undefined: nobody is a proxy. Throws when the CA cannot be read. */
  configure(config: RequestHeaderConfig | undefined): void;
}

/** How the headers of one configuration are read. */
interface Reading {
  readonly config: RequestHeaderConfig;
  readonly pool: readonly X509Certificate[];
  /** Lower-case header name to what it holds. */
  readonly names: ReadonlyMap<string, 'username' | 'uid' | 'group'>;
  readonly prefixes: readonly string[];
  /** All of them begin as usual. */
  readonly areUsual: boolean;
  readonly users: Map<string, UserInfo>;
}
type Seen = { readonly reading: Reading } & ({ readonly why: string } | { readonly validity: Validity });

/** Users whose headers were read already: the same object again, so that what is known of it is kept. */
const MAX_USERS = 4096;
/** Of the headers of one user; longer ones are read each time, so that what is kept stays small. */
const MAX_KEY_LENGTH = 8192;
/** What proxies call their headers wherever they come from; taken away even before anything is configured. */
const USUAL_PREFIX = 'x-remote-';

export function createFrontProxy(deps: { readonly clock: Clock; readonly log: Log }): FrontProxy {
  const seen = new WeakMap<Socket, Seen>();
  let reading: Reading | undefined;

  const isProxy = (socket: Socket, by: Reading): boolean => {
    let known = seen.get(socket);
    if (known === undefined || known.reading !== by) {
      known = judge(socket, by);
      seen.set(socket, known);
      if ('why' in known) deps.log.debug('peer is no front proxy', { why: known.why });
    }
    if ('why' in known) return false;
    try {
      requireInTime(known.validity, deps.clock.now());
      return true;
    } catch {
      return false;
    }
  };
  return {
    configure: (config) => {
      reading = config === undefined ? undefined : readingOf(config);
    },
    authenticate: (request) => {
      const taken = takeHeaders(request, reading);
      if (reading === undefined || taken.length === 0 || !isProxy(request.socket, reading)) return undefined;
      return userOf(taken, reading);
    },
  };
}

function readingOf(config: RequestHeaderConfig): Reading {
  const lower = (names: readonly string[]): readonly string[] => names.map((name) => name.toLowerCase());
  const names = new Map<string, 'username' | 'uid' | 'group'>();
  for (const name of lower(config.groupHeaders)) names.set(name, 'group');
  for (const name of lower(config.uidHeaders)) names.set(name, 'uid');
  for (const name of lower(config.usernameHeaders)) names.set(name, 'username');
  const prefixes = lower(config.extraPrefixes).filter((prefix) => prefix !== '');
  const areUsual = [...names.keys(), ...prefixes].every((name) => name.startsWith(USUAL_PREFIX));
  return {
    config,
    pool: readCertificates(config.authorities),
    names,
    prefixes,
    areUsual,
    users: new Map(),
  };
}

function judge(socket: Socket, reading: Reading): Seen {
  try {
    const [leaf, ...intermediates] = presentedBy(socket) ?? [];
    if (leaf === undefined) return { reading, why: 'no certificate' };
    const validity = verifyChain(leaf, intermediates, reading.pool);
    const { allowedNames } = reading.config;
    const [name, ...others] = namesOf(leaf, 'CN');
    if (
      allowedNames.length > 0 &&
      (name === undefined || others.length > 0 || !allowedNames.includes(name))
    ) {
      return { reading, why: 'its name is not in the allowed list' };
    }
    return { reading, validity };
  } catch (error) {
    return { reading, why: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Blanks identity headers in the request and returns them as name, value, name, value in the order they came. Raw,
 * because Node joins repeated headers with commas, and a group may contain one; in place, because Node counts on
 * their number.
 */
function takeHeaders(request: IncomingMessage, reading: Reading | undefined): readonly string[] {
  const { rawHeaders, headers } = request;
  let taken: string[] | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const sent = rawHeaders[i] ?? '';
    if (reading?.areUsual !== false && !mayBeUsual(sent)) continue;
    const name = sent.toLowerCase();
    if (!isIdentity(name, reading)) continue;
    taken ??= [];
    taken.push(name, rawHeaders[i + 1] ?? '');
    // Not deleted: that would make every later look at the headers slow.
    headers[name] = undefined;
    rawHeaders[i] = '';
    rawHeaders[i + 1] = '';
  }
  return taken ?? NOTHING;
}
const NOTHING: readonly string[] = [];

/** Whether a header may be called `x-remote-...`; most are not, and that is seen at two letters. */
const mayBeUsual = (name: string): boolean =>
  // source: ASCII; 0x20 is what tells lower case from upper case.
  name.length > USUAL_PREFIX.length &&
  (name.charCodeAt(0) | 0x20) === 0x78 &&
  (name.charCodeAt(2) | 0x20) === 0x72;

const isIdentity = (name: string, reading: Reading | undefined): boolean =>
  name.startsWith(USUAL_PREFIX) ||
  (reading !== undefined &&
    (reading.names.has(name) || reading.prefixes.some((prefix) => name.startsWith(prefix))));

function userOf(taken: readonly string[], reading: Reading): UserInfo | undefined {
  // No header holds a line break, so no two sets of headers have the same key.
  const key = taken.join('\n');
  const known = reading.users.get(key);
  if (known !== undefined) return known;
  const user = readUser(taken, reading);
  if (user === undefined || key.length > MAX_KEY_LENGTH) return user;
  const [oldest] = reading.users.size >= MAX_USERS ? reading.users.keys() : [];
  if (oldest !== undefined) reading.users.delete(oldest);
  reading.users.set(key, user);
  return user;
}

function readUser(taken: readonly string[], { config, names, prefixes }: Reading): UserInfo | undefined {
  const groups: string[] = [];
  const extra = new Map<string, string[]>();
  for (let i = 0; i < taken.length; i += 2) {
    const header = taken[i] ?? '';
    const value = asUtf8(taken[i + 1] ?? '');
    if (names.get(header) === 'group') {
      if (value !== '') groups.push(value);
      continue;
    }
    const prefix = names.has(header) ? undefined : prefixes.find((one) => header.startsWith(one));
    if (prefix === undefined) continue;
    const extraKey = unescape(header.slice(prefix.length));
    extra.set(extraKey, [...(extra.get(extraKey) ?? []), value]);
  }
  const name = firstOf(taken, config.usernameHeaders);
  if (name === '') return undefined;
  const uid = firstOf(taken, config.uidHeaders);
  return withAuthenticated({
    name,
    ...(uid === '' ? {} : { uid }),
    groups,
    extra: Object.fromEntries(extra),
  });
}

/** The first header of the list that says something; of a repeated one the first value. */
function firstOf(taken: readonly string[], wanted: readonly string[]): string {
  for (const header of wanted) {
    const lower = header.toLowerCase();
    for (let i = 0; i < taken.length; i += 2) {
      if (taken[i] !== lower) continue;
      const value = asUtf8(taken[i + 1] ?? '');
      if (value !== '') return value;
      break;
    }
  }
  return '';
}

/** Node reads header bytes as Latin-1; identities are UTF-8. */
const asUtf8 = (value: string): string => {
  for (let i = 0; i < value.length; i += 1) {
    if (value.charCodeAt(i) > 0x7f) return Buffer.from(value, 'latin1').toString('utf8');
  }
  return value;
};

function unescape(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
