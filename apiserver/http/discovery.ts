/**
 * What this server serves, as clients ask for it: the legacy lists, and the aggregated document of all groups.
 * source: meta/v1 APIResourceList, apidiscovery.k8s.io/v2 APIGroupDiscoveryList
 */
import { createHash } from 'node:crypto';
import { apiVersionOf, type Kind } from '../api/kind.ts';
import type { GroupVersion, KindTable } from './kind-table.ts';
import { matches, parseAccept } from './negotiation.ts';

export interface DiscoveryDocument {
  readonly body: Buffer;
  readonly contentType: string;
  /** Quoted. */
  readonly etag: string;
}

export type DiscoveryVersion = 'v2' | 'v2beta1';

export interface Discovery {
  /** `/api` and `/apis`. */
  root(prefix: 'api' | 'apis', form: DiscoveryVersion | 'legacy'): DiscoveryDocument;
  /** `/apis/<group>`. */
  group(name: string): DiscoveryDocument | undefined;
  /** `/api/v1` and `/apis/<group>/<version>`. */
  resources(group: string, version: string): DiscoveryDocument | undefined;
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const SUBRESOURCE_VERBS = ['get', 'patch', 'update'];

/** Kinds do not change while the process runs: each document is made once, on first use. */
export function createDiscovery(kinds: KindTable): Discovery {
  const made = new Map<string, DiscoveryDocument>();
  const once = (key: string, contentType: string, build: () => object): DiscoveryDocument => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const body = Buffer.from(`${JSON.stringify(build())}\n`);
    const etag = `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"`;
    const document = { body, contentType, etag };
    made.set(key, document);
    return document;
  };
  const { groupVersions } = kinds;
  const groups = [...new Set(groupVersions.map((one) => one.group))];

  return {
    root: (prefix, form) => {
      const served = groups.filter((group) => (group === '') === (prefix === 'api'));
      if (form !== 'legacy') {
        const type = `application/json;g=apidiscovery.k8s.io;v=${form};as=APIGroupDiscoveryList`;
        return once(`${prefix} ${form}`, type, () => aggregated(served, groupVersions, form));
      }
      return once(prefix, 'application/json', () =>
        prefix === 'api'
          ? { kind: 'APIVersions', versions: versionsOf('', groupVersions), serverAddressByClientCIDRs: [] }
          : {
              kind: 'APIGroupList',
              apiVersion: 'v1',
              groups: served.map((group) => groupOf(group, groupVersions)),
            },
      );
    },
    group: (name) =>
      name !== '' && groups.includes(name)
        ? once(`apis/${name}`, 'application/json', () => ({
            kind: 'APIGroup',
            apiVersion: 'v1',
            ...groupOf(name, groupVersions),
          }))
        : undefined,
    resources: (group, version) => {
      const found = groupVersions.find((one) => one.group === group && one.version === version);
      if (found === undefined) return undefined;
      return once(`resources ${apiVersionOf(found)}`, 'application/json', () => ({
        kind: 'APIResourceList',
        apiVersion: 'v1',
        groupVersion: apiVersionOf(found),
        resources: found.kinds.flatMap(legacyResources),
      }));
    },
  };
}

/** The aggregated form when a clause asks for it before plain JSON; never a failure: old clients depend on it. */
export function discoveryForm(accept: string | undefined): DiscoveryVersion | 'legacy' {
  for (const clause of parseAccept((accept ?? '').slice(0, 4096))) {
    if (!matches(clause, 'application/json')) continue;
    const { params } = clause;
    if (!params.has('as')) return 'legacy';
    if (params.get('as') !== 'APIGroupDiscoveryList' || params.get('g') !== 'apidiscovery.k8s.io') continue;
    const version = params.get('v');
    if (version === 'v2' || version === 'v2beta1') return version;
  }
  return 'legacy';
}

const versionsOf = (group: string, all: readonly GroupVersion[]): readonly string[] =>
  all.filter((one) => one.group === group).map((one) => one.version);

function groupOf(group: string, all: readonly GroupVersion[]): object {
  const versions = versionsOf(group, all).map((version) => ({
    groupVersion: `${group}/${version}`,
    version,
  }));
  return { name: group, versions, preferredVersion: versions[0] };
}

const verbsOf = (kind: Kind): readonly string[] => (kind.storage === 'virtual' ? ['create'] : VERBS);

/** source: kubernetes/apiserver pkg/endpoints/discovery/storageversionhash.go */
function storageVersionHash(kind: Kind): string {
  const key = `${kind.group}/${kind.version}/${kind.kind}`;
  return createHash('sha256').update(key).digest().subarray(0, 8).toString('base64');
}

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

function legacyResources(kind: Kind): readonly object[] {
  const namespaced = kind.scope === 'Namespaced';
  const base = { singularName: '', namespaced, verbs: SUBRESOURCE_VERBS };
  return [
    {
      name: kind.plural,
      singularName: kind.singular,
      namespaced,
      kind: kind.kind,
      verbs: verbsOf(kind),
      ...names(kind),
      ...(kind.storage === 'virtual' ? {} : { storageVersionHash: storageVersionHash(kind) }),
    },
    ...(kind.hasStatus ? [{ name: `${kind.plural}/status`, ...base, kind: kind.kind }] : []),
    ...(kind.scale === undefined ? [] : [{ name: `${kind.plural}/scale`, ...base, ...SCALE }]),
  ];
}

const names = (kind: Kind): object => ({
  ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
  ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
});

function aggregated(groups: readonly string[], all: readonly GroupVersion[], form: DiscoveryVersion): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${form}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: { name: group, creationTimestamp: null },
      versions: all
        .filter((one) => one.group === group)
        .map(({ version, kinds }) => ({
          version,
          resources: kinds.map(discoveredResource),
          freshness: 'Current',
        })),
    })),
  };
}

function discoveredResource(kind: Kind): object {
  // Old clients crash on a null responseKind. source: kubernetes/kubernetes#118361
  const responseKind = { group: kind.group, version: kind.version, kind: kind.kind };
  const subresources = [
    ...(kind.hasStatus ? [{ subresource: 'status', responseKind, verbs: SUBRESOURCE_VERBS }] : []),
    ...(kind.scale === undefined
      ? []
      : [{ subresource: 'scale', responseKind: SCALE, verbs: SUBRESOURCE_VERBS }]),
  ];
  return {
    resource: kind.plural,
    responseKind,
    scope: kind.scope === 'Namespaced' ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: verbsOf(kind),
    ...names(kind),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
