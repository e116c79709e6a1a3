/** Host names as Ingresses carry them, and who had them first. */
import { domainToASCII } from 'node:url';
import { at } from '../../api/json.ts';
import { Ingress } from '../../kinds/native/ingress.ts';
import type { Engine } from '../engine.ts';
import type { Lookup } from '../rules/rule.ts';
import { placesAt } from './pods.ts';

/** Lower case, ASCII, without a trailing dot: equal names are equal texts. Empty when it is no name. */
export function canonicalHost(host: string): string {
  const name = host.trim().replace(/\.$/, '');
  if (!name.startsWith('*.')) return domainToASCII(name);
  const rest = domainToASCII(name.slice(2));
  return rest === '' ? '' : `*.${rest}`;
}

/** A wildcard stands for exactly one label. source: networking.k8s.io/v1 IngressRule.host */
export function overlap(a: string, b: string): boolean {
  return a === b || covers(a, b) || covers(b, a);
}

const covers = (wildcard: string, host: string): boolean =>
  wildcard.startsWith('*.') && host.slice(host.indexOf('.')) === wildcard.slice(1) && host.includes('.');

const HOST_PATHS = ['spec.rules[].host', 'spec.tls[].hosts[]'];

export interface NamedHost {
  readonly path: string;
  readonly host: string;
}

export const hostsOf = (ingress: unknown): readonly NamedHost[] =>
  HOST_PATHS.flatMap((field) =>
    placesAt(ingress, field).flatMap(({ path, value }) =>
      typeof value === 'string' && value !== '' ? [{ path, host: canonicalHost(value) }] : [],
    ),
  );

/** Hosts that Ingresses of other tenants name. What is being deleted still holds its names. */
export function hostsOfOthers(tenantUid: string, engine: Engine, lookup: Lookup): readonly string[] {
  return lookup
    .findAll(Ingress)
    .filter(({ namespace }) => {
      const owner = engine.tenantOf(namespace);
      return owner !== undefined && owner.uid !== tenantUid;
    })
    .flatMap((stored) => hostsOf(stored.read()).map(({ host }) => host));
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
