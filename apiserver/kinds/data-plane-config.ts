/** The parts of DataPlane.spec that size and pin what runs on a data plane. */
import { bool, int, list, obj, opt, quantity, str, type Node, type OptionalNode } from '../api/schema.ts';
import { textMap } from './fields.ts';

const VERSION = '^v?[0-9]+\\.[0-9]+\\.[0-9]+([-+][0-9A-Za-z.+-]+)?$';
export const semver = (description: string): Node<string> =>
  str(description, { minLength: 1, maxLength: 64, pattern: VERSION });

const chart = (what: string): OptionalNode<{ readonly version: string }> =>
  opt(obj(`Chart of ${what}.`, { version: semver('Exact version that is pinned.') }));

export const chartConfiguration = obj('Pinned chart versions; a change rolls the component that is named.', {
  infrastructureOperators: chart('the operators that the shared services need'),
  infrastructure: chart('the shared services'),
  dataClusterOperator: chart('the operator that provisions data clusters'),
  dataApi: chart('the data API; the version that new data clusters start with'),
});

const count = (description: string, maximum: number): Node<number> =>
  int(description, { minimum: 1, maximum });

export const infrastructureConfig = obj(
  'Sizes of the shared services; one change is rolled out as a whole.',
  {
    postgresql: opt(
      obj('Relational database.', {
        instances: opt(count('Instances, one of them writable.', 9)),
        storage: opt(quantity('Volume of each instance; may only grow.')),
      }),
    ),
    minio: opt(
      obj('Object storage.', {
        servers: opt(count('Servers.', 64)),
        volumes: opt(count('Volumes of each server.', 16)),
        volumeSize: opt(quantity('Size of each volume; may only grow.')),
      }),
    ),
    qdrant: opt(
      obj('Vector search.', {
        replicas: opt(count('Replicas.', 32)),
        storage: opt(quantity('Volume of each replica; may only grow.')),
      }),
    ),
    meilisearch: opt(
      obj('Full-text search.', {
        storage: opt(quantity('Volume; may only grow.')),
      }),
    ),
  },
);

export const observability = obj('Metrics and logs of everything on the data plane.', {
  metrics: opt(
    obj('Metrics.', {
      enabled: bool('Whether metrics are collected.', { default: true }),
      intervalSeconds: int('Between two collections.', { minimum: 5, maximum: 3600, default: 30 }),
      remoteWriteURL: opt(str('Where metrics are sent besides.', { maxLength: 2048, pattern: '^https?://' })),
    }),
  ),
  logs: opt(
    obj('Logs.', {
      enabled: bool('Whether logs are collected.', { default: true }),
      retentionDays: int('How long logs are kept.', { minimum: 1, maximum: 3650, default: 14 }),
      endpoint: opt(str('Where logs are sent besides.', { maxLength: 2048, pattern: '^https?://' })),
    }),
  ),
  labels: opt(textMap('Labels put on every series and log stream.')),
  excludeNamespaces: opt(
    list('Namespaces that are left out.', str('A namespace.', { minLength: 1, maxLength: 63 }), {
      maxItems: 64,
    }),
  ),
});
