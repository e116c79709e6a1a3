/** Objects that the clients keep. */
import type { Json } from '../../support/http.ts';

/** A valid depot outside of any data plane. */
export const depotIn = (namespace: string, name: string, spec: object = {}, metadata: object = {}): Json => ({
  apiVersion: 'data.polder.dev/v1alpha1',
  kind: 'Depot',
  metadata: { name, namespace, ...metadata },
  spec: {
    type: 'Postgres',
    external: true,
    connection: { host: 'db.example.com', database: 'main' },
    ...spec,
  },
});
