import assert from 'node:assert/strict';
import { admit, ruleSuite } from '../../test/conformance/kind.ts';
import { Depot } from './depot.ts';

ruleSuite(Depot, [
  {
    name: 'a Postgres without a host',
    change: { spec: { connection: { host: null } } },
    fields: ['spec.connection.host'],
  },
  {
    name: 'the service of a data cluster without a connection',
    change: { spec: { connection: null, external: false, dataClusterRef: 'main' } },
    fields: [],
  },
  {
    name: 'the service of a data cluster that is said to be external',
    change: { spec: { dataClusterRef: 'main' } },
    fields: ['spec.external'],
  },
  {
    name: 'a password in the connection',
    change: { spec: { connection: { password: 'x' } } },
    fields: ['spec.connection.password'],
  },
  {
    name: 'a password inside an address',
    change: { spec: { connection: { uri: 'postgres://u:p@host/db' } } },
    fields: ['spec.connection.uri'],
  },
  {
    name: 'two credentials for one purpose',
    change: {
      spec: {
        credentials: [
          { purpose: 'scan', ref: { name: 'a' } },
          { purpose: 'scan', ref: { name: 'b' } },
        ],
      },
    },
    fields: ['spec.credentials[1]'],
  },
  { name: 'another type', change: { spec: { type: 'MySQL' } }, fields: ['spec.type'], update: true },
]);

describe('messages of Depot', () => {
  it('do not repeat a password that stood in an address', () => {
    const spec = { type: 'HTTP', connection: { url: 'https://u:S3NT1NEL@host/' } };
    const { causes } = admit(Depot, { metadata: { name: 'd' }, spec });

    assert.equal(causes.length, 1);
    assert.ok(!JSON.stringify(causes).includes('S3NT1NEL'));
  });
});
