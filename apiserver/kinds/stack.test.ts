import type { JsonObject } from '../api/json.ts';
import { ruleSuite } from '../../test/conformance/kind.ts';
import { Compute } from './compute.ts';
import { NamespaceTemplate } from './namespace-template.ts';
import { RegistrationToken } from './registration-token.ts';
import { Stack } from './stack.ts';

const MANIFEST = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } };
const version = (fields: JsonObject): JsonObject => ({
  spec: { versions: [{ name: '1.0', manifests: [MANIFEST], ...fields }] },
});

ruleSuite(Stack, [
  { name: 'no version', change: { spec: { versions: [] } }, fields: ['spec.versions'] },
  {
    name: 'a version without manifests',
    change: version({ manifests: [] }),
    fields: ['spec.versions[0].manifests'],
  },
  {
    name: 'D14 a schema that is no object',
    change: version({ schema: { type: 'string' } }),
    fields: ['spec.versions[0].schema.type'],
  },
  {
    name: 'an output without a source',
    change: version({ outputs: [{ name: 'a' }] }),
    fields: ['spec.versions[0].outputs[0]'],
  },
  {
    name: 'an output with two sources',
    change: version({ outputs: [{ name: 'a', value: 'x', secretKeyRef: { name: 's', key: 'k' } }] }),
    fields: ['spec.versions[0].outputs[0].secretKeyRef'],
  },
  {
    name: 'a version twice',
    change: {
      spec: {
        versions: [
          { name: '1', manifests: [MANIFEST] },
          { name: '1', manifests: [MANIFEST] },
        ],
      },
    },
    fields: ['spec.versions[1]'],
  },
]);

const template = (metadata: JsonObject, data: JsonObject, variables: JsonObject = {}): JsonObject => ({
  spec: {
    manifests: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }],
    variables: { costCenter: null, reportLevel: null, ...variables },
  },
});

ruleSuite(NamespaceTemplate, [
  {
    name: 'U4 reserved variables in use',
    change: template({ name: 'c' }, { a: '{{ namespace }} {{tenant}}' }),
    fields: [],
  },
  {
    name: 'U4 an unknown variable',
    change: template({ name: 'c' }, { a: 'x {{ nope }}' }),
    fields: ['spec.manifests[0].data.a'],
  },
  {
    name: 'U4 an unknown variable in a key',
    change: template({ name: 'c' }, { '{{ nope }}': 'x' }),
    fields: ['spec.manifests[0].data.{{ nope }}'],
  },
  {
    name: 'U4 an expression instead of a variable',
    change: template({ name: 'c' }, { a: '{{ 1 + 1 }}' }),
    fields: ['spec.manifests[0].data.a'],
  },
  {
    name: 'U4 setting a reserved variable',
    change: template({ name: 'c' }, {}, { namespace: { default: 'x' } }),
    fields: ['spec.variables.namespace'],
  },
  {
    name: 'U4 a required variable with a default',
    change: template({ name: 'c' }, {}, { a: { default: 'x', required: true } }),
    fields: ['spec.variables.a.default'],
  },
  {
    name: 'a manifest for another namespace',
    change: template({ name: 'c', namespace: 'kube-system' }, {}),
    fields: ['spec.manifests[0].metadata.namespace'],
  },
  {
    name: 'a manifest without a name',
    change: template({}, {}),
    fields: ['spec.manifests[0].metadata.name'],
  },
]);

ruleSuite(Compute, [
  {
    name: 'another plane',
    change: { spec: { dataPlaneRef: 'us1' } },
    fields: ['spec.dataPlaneRef'],
    update: true,
  },
  {
    name: 'a tenant with a reserved name',
    change: { spec: { tenants: ['@all'] } },
    fields: ['spec.tenants[0]'],
  },
]);

ruleSuite(RegistrationToken, [
  { name: 'A1 a day', change: { spec: { ttlSeconds: 86_400 } }, fields: [] },
  { name: 'A1 more than a day', change: { spec: { ttlSeconds: 86_401 } }, fields: ['spec.ttlSeconds'] },
]);
