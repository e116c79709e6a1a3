import { ruleSuite } from '../../test/conformance/kind.ts';
import { DataCluster } from './data-cluster.ts';

const slug = (word: string) => ({ spec: { slug: word } });

ruleSuite(DataCluster, [
  { name: 'A17 a slug of 56 characters', change: slug('a'.repeat(56)), fields: [] },
  { name: 'A17 a slug of 57 characters', change: slug('a'.repeat(57)), fields: ['spec.slug'] },
  { name: 'A17 a slug with _', change: slug('a_b'), fields: ['spec.slug'] },
  { name: 'A17 the slug postgres', change: slug('postgres'), fields: ['spec.slug'] },
  { name: 'A17 the slug template0', change: slug('template0'), fields: ['spec.slug'] },
  { name: 'A17 a slug that starts with pg_', change: slug('pg_x'), fields: ['spec.slug'] },
  { name: 'A17 a slug that starts with pg-', change: slug('pg-x'), fields: ['spec.slug'] },
  { name: 'A17 a slug that starts with cnpg-', change: slug('cnpg-x'), fields: ['spec.slug'] },
  {
    name: 'no slug and no plane, to be filled in',
    change: { spec: { slug: null, dataPlaneRef: null } },
    fields: [],
  },
  {
    name: 'A18 another plane',
    change: { spec: { dataPlaneRef: 'us1' } },
    fields: ['spec.dataPlaneRef'],
    update: true,
  },
  {
    name: 'A18 no plane any more',
    change: { spec: { dataPlaneRef: null } },
    fields: ['spec.dataPlaneRef'],
    update: true,
  },
  { name: 'another slug', change: slug('other'), fields: ['spec.slug'], update: true },
  {
    name: 'A10 a pinned version that is to follow',
    change: { spec: { dataApi: { versionPolicy: 'Follow' } } },
    fields: ['spec.dataApi.version'],
  },
  {
    name: 'A10 following without a version',
    change: { spec: { dataApi: { version: null, versionPolicy: 'Follow' } } },
    fields: [],
  },
  {
    name: 'vectors without length',
    change: { spec: { services: { vector: { dimensions: 0 } } } },
    fields: ['spec.services.vector.dimensions'],
  },
]);
