/** The object every measure uses: about 1.2 KB as JSON, as the targets say. */

export const OBJECT_BYTES = 1200;

/** What a stored object of `OBJECT_BYTES` looks like on the wire, for baselines that need no server. */
export function wireObject(number: number): Buffer {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `bench-${number}`,
      namespace: 'default',
      uid: '5f0c3a52-6b1c-4d43-9e0e-6a8f1c1f7d10',
      resourceVersion: String(number),
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { app: 'bench', tier: 'data' },
    },
    data: { payload: '' },
  };
  const size = Buffer.byteLength(JSON.stringify(object));
  object.data.payload = 'x'.repeat(OBJECT_BYTES - size);
  return Buffer.from(JSON.stringify(object));
}

/** The tenant of the measures; the administrator of the installation administers it too. */
export const TENANT = {
  apiVersion: 'platform.polder.dev/v1alpha1',
  kind: 'Tenant',
  metadata: { name: 'bench' },
  spec: { admins: [{ kind: 'User', name: 'admin' }] },
};

/**
 * What is created, read and listed: of a kind of our own that no controller answers to, so that the API server is
 * measured and nothing else. About `OBJECT_BYTES` on the wire once the server has added its fields.
 */
export const dataPolicy = (number: number | string): object => ({
  apiVersion: 'data.polder.dev/v1alpha1',
  kind: 'DataPolicy',
  metadata: { name: `bench-${number}`, namespace: 'tn-bench', labels: { app: 'bench', tier: 'data' } },
  spec: {
    description: 'A policy that only exists to be measured, described at some length.',
    type: 'mask',
    depot: 'bench-crm',
    collection: 'public',
    dataset: 'customers',
    selector: {
      user: { match: 'Any', tags: ['analyst', 'intern'] },
      column: { names: ['email', 'phone'], tags: ['pii'] },
    },
    priority: 10,
    rule: { mask: { operator: 'Hash' } },
  },
});

/** An object that a controller answers to with a status. */
export const depot = (number: number | string): object => ({
  apiVersion: 'data.polder.dev/v1alpha1',
  kind: 'Depot',
  metadata: { name: `bench-${number}`, namespace: 'tn-bench', labels: { app: 'bench', tier: 'data' } },
  spec: {
    type: 'Postgres',
    external: true,
    description: 'A store that only exists to be measured, described at some length.',
    connection: { host: 'db.example.com', port: '5432', database: 'crm', sslMode: 'verify-full' },
    datasets: [
      { name: 'customers', path: 'public.customers', description: 'One row per customer.' },
      { name: 'orders', path: 'public.orders', description: 'One row per order.' },
    ],
  },
});

/** A list of `count` such objects as one body. */
export function wireList(count: number): Buffer {
  const items = Array.from({ length: count }, (_, index) => wireObject(index + 1).toString()).join(',');
  return Buffer.from(
    `{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"${count}"},"items":[${items}]}`,
  );
}
