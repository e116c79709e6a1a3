/** Host names as Ingresses carry them, and who had them first. */
import { domainToASCII } from 'node:url';
import { at } from '../../api/json.ts';
import { Ingress } from '../../kinds/native/ingress.ts';
import type { Engine } from '../engine.ts';
import type { Lookup, Stored } from '../rules/rule.ts';
import { annotatedHosts } from './host-annotations.ts';
import { placesAt } from './pods.ts';

/** Lower case, ASCII, without a trailing dot: equal names are equal texts. Empty when it is no name. */
export function canonicalHost(host: string): string {
  const name = host.trim().replace(/\.$/, '');
  if (!name.startsWith('*.')) return domainToASCII(name);
  const rest = domainToASCII(name.slice(2));
  return rest === '' ? '' : `*.${rest}`;
}

const HOST_PATHS = ['spec.rules[].host', 'spec.tls[].hosts[]'];

export interface NamedHost {
  readonly path: string;
  readonly host: string;
}

export const hostsOf = (ingress: unknown): readonly NamedHost[] => [
  ...HOST_PATHS.flatMap((field) =>
    placesAt(ingress, field).flatMap(({ path, value }) =>
      typeof value === 'string' && value !== '' ? [{ path, host: canonicalHost(value) }] : [],
    ),
  ),
  ...hostsInAnnotations(ingress),
];

export const hostsInAnnotations = (object: unknown): readonly NamedHost[] =>
  annotatedHosts(object).map(({ path, text }) => ({ path, host: plainHost(text) }));

/** Names of records may have underscores, as in `_sip._tcp.example.com`; `_` alone is every name to some. */
const PLAIN = /^(\*\.)?_?[a-z0-9-][a-z0-9_-]*(\._?[a-z0-9-][a-z0-9_-]*)*$/;

/** The API server holds hosts of rules to this; in annotations patterns stand for more than one. */
function plainHost(text: string): string {
  const host = canonicalHost(text);
  return PLAIN.test(host) ? host : '';
}

/** Of one Ingress, so that asking takes the same time however many it names. */
interface HostIndex {
  readonly names: ReadonlySet<string>;
  /** What follows the first label of each name, with the dot: `.example.com`. */
  readonly parents: ReadonlySet<string>;
}

/** Ingresses change seldom and are asked about at each change of another. */
const INDEXES = new WeakMap<Stored, HostIndex>();

function indexOf(stored: Stored): HostIndex {
  const known = INDEXES.get(stored);
  if (known !== undefined) return known;
  const names = new Set(hostsOf(stored.read()).map(({ host }) => host));
  const index = { names, parents: new Set([...names].map(parentOf)) };
  INDEXES.set(stored, index);
  return index;
}

const parentOf = (host: string): string => (host.includes('.') ? host.slice(host.indexOf('.')) : '');

/** A wildcard stands for exactly one label. source: networking.k8s.io/v1 IngressRule.host */
function isNamed({ names, parents }: HostIndex, host: string): boolean {
  if (names.has(host)) return true;
  const parent = parentOf(host);
  return parent !== '' && (host.startsWith('*.') ? parents.has(parent) : names.has(`*${parent}`));
}

/** Whether an Ingress of another tenant names this host. What is being deleted still holds its names. */
export function takenByOthers(tenantUid: string, engine: Engine, lookup: Lookup): (host: string) => boolean {
  const others = lookup
    .findAll(Ingress)
    .filter(({ namespace }) => {
      const owner = engine.tenantOf(namespace);
      return owner !== undefined && owner.uid !== tenantUid;
    })
    .map(indexOf);
  return (host) => others.some((index) => isNamed(index, host));
}

/** Rules without a host, and a default backend, answer for every name there is. */
export const catchesAll = (ingress: unknown): readonly string[] => [
  ...(at(ingress, 'spec.defaultBackend') === undefined ? [] : ['spec.defaultBackend']),
  ...placesAt(ingress, 'spec.rules[]')
    .filter(({ value }) => {
      const host = at(value, 'host');
      return host === undefined || host === '' || host === '*';
    })
    .map(({ path }) => `${path}.host`),
];
