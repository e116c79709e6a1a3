/**
 * Annotations by which controllers of Ingresses answer for more names than the rules say. They go by the last part of
 * the key: what stands before it can be chosen where a controller is installed. source: the documentation of each.
 */
import { at, isObject } from '../../api/json.ts';
import { placesAt } from './pods.ts';

export interface AnnotatedHost {
  readonly path: string;
  /** As it is written; not every controller says what it takes for a name. */
  readonly text: string;
}

/** Names with commas or spaces between them. */
const LISTS: ReadonlySet<string> = new Set([
  // ingress-nginx, HAProxy
  'server-alias',
  // HAProxy
  'redirect-from',
  'server-redirect',
  // Kong
  'host-aliases',
  // Application Gateway
  'hostname-extension',
]);
const LISTS_OF_OTHERS = [
  /^external-dns\.[^/]*\/(internal-)?hostname$/,
  /^cert-manager\.io\/(common-name|alt-names)$/,
  /^traefik\.[^/]*\/router\.tls\.domains\.\d+\.(main|sans)$/,
];
/** ingress-nginx: `www.` before the name of a rule, or without it. */
const WWW = 'from-to-www-redirect';
const PATTERNS: ReadonlySet<string> = new Set([
  'server-alias-regex',
  'redirect-from-regex',
  'server-redirect-regex',
]);
/** Load balancers of AWS: rules as JSON, beside those of the Ingress. */
const CONDITIONS = /^conditions\./;

const nameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
const fieldOf = (key: string): string => `metadata.annotations[${key}]`;

function textsOf(ingress: unknown): readonly (readonly [key: string, value: string])[] {
  const annotations = at(ingress, 'metadata.annotations');
  return Object.entries(isObject(annotations) ? annotations : {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1].trim() !== '',
  );
}

/** Hosts that annotations name. */
export const annotatedHosts = (ingress: unknown): readonly AnnotatedHost[] =>
  textsOf(ingress).flatMap(([key, value]) =>
    namesIn(key, value, ingress).map((text) => ({ path: fieldOf(key), text })),
  );

function namesIn(key: string, value: string, ingress: unknown): readonly string[] {
  const name = nameOf(key);
  if (LISTS.has(name) || LISTS_OF_OTHERS.some((pattern) => pattern.test(key)))
    return isTitle(key, value)
      ? []
      : value.split(/[\s,]+/).filter((each) => each !== '' && !each.startsWith('/'));
  return name === WWW && !/^(false|f|0)$/i.test(value.trim()) ? withWww(ingress) : [];
}

/** The common name of a certificate may be any text; one with a word without a dot is no list of hosts. */
const isTitle = (key: string, value: string): boolean =>
  nameOf(key) === 'common-name' &&
  /\s/.test(value.trim()) &&
  value.split(/[\s,]+/).some((word) => !word.includes('.'));

const withWww = (ingress: unknown): readonly string[] =>
  placesAt(ingress, 'spec.rules[].host').flatMap(({ value }) => {
    if (typeof value !== 'string' || value === '' || value.startsWith('*')) return [];
    return [/^www\./i.test(value) ? value.slice('www.'.length) : `www.${value}`];
  });

/** Fields of annotations that stand for hosts without naming them one by one. */
export const hostPatterns = (ingress: unknown): readonly string[] =>
  textsOf(ingress)
    .filter(([key, value]) => {
      const name = nameOf(key);
      return PATTERNS.has(name) || (CONDITIONS.test(name) && isAboutHosts(value));
    })
    .map(([key]) => fieldOf(key));

/** Read as JSON first, in which a letter can be written in more than one way. */
function isAboutHosts(text: string): boolean {
  try {
    return /host-?header/i.test(JSON.stringify(JSON.parse(text)));
  } catch {
    return true;
  }
}
