import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { defineKind, defineNative, type Kind } from '../../api/kind.ts';
import {
  any,
  anyObject,
  embedded,
  int,
  intOrString,
  list,
  listMap,
  map,
  obj,
  opt,
  quantity,
  set,
  str,
  time,
} from '../../api/schema.ts';
import { KINDS } from '../../kinds/index.ts';
import { NATIVE_KINDS } from '../../kinds/native/index.ts';
import { createOpenApiDocuments, type OpenApiDocument } from './documents.ts';
import type { Node } from './node.ts';
import { openApiV2 } from './v2.ts';
import { openApiV3 } from './v3.ts';

const INFO = { title: 'Polder', version: '1.2.3' };
const GVK = 'x-kubernetes-group-version-kind';

const Sample = defineKind({
  kind: 'Sample',
  plural: 'samples',
  scope: 'Namespaced',
  doc: 'A kind with every sort of field.',
  selectableFields: ['spec.protocol'],
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas' },
  spec: obj('Spec.', {
    protocol: str('Protocol.', { enum: ['S3', 'Kafka'], default: 'S3' }),
    replicas: int('Replicas.', { minimum: 0, maximum: 5 }),
    cpu: opt(quantity('CPU.')),
    port: opt(intOrString('Port.')),
    since: opt(time('Since.')),
    parts: opt(listMap('Parts.', 'name', obj('Part.', { name: str('Name.') }))),
    tags: opt(set('Tags.', str('Tag.'))),
    args: opt(list('Args.', str('Arg.'))),
    labels: opt(map('Labels.', str('Label.'))),
    whole: opt(obj('Whole.', { a: opt(int('A.')) }, { mapType: 'atomic' })),
    free: opt(any('Free.')),
    bag: opt(anyObject('Bag.')),
    object: opt(embedded('Object.')),
    maybe: { ...opt(str('Maybe.')), nullable: true as const },
  }),
  status: obj('Status.', { replicas: opt(int('Replicas.')) }),
});
const Virtual = defineKind({
  kind: 'Ask',
  plural: 'asks',
  scope: 'Cluster',
  doc: 'Answered at once.',
  virtual: true,
  spec: obj('Spec.', {}),
  status: obj('Status.', {}),
});
const Pod = defineNative({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  scope: 'Namespaced',
  doc: 'A pod.',
  fields: { spec: opt(obj('Spec.', {})) },
});
const Role = defineNative({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  scope: 'Namespaced',
  doc: 'A role.',
  fields: {},
});

const as = (value: unknown): Node => value as Node;
const parse = (document: OpenApiDocument | undefined): Node => JSON.parse(String(document?.body)) as Node;
const schemasOf = (document: Node): Node =>
  as(document['definitions'] ?? as(document['components'])['schemas']);
const pathsOf = (document: Node): Record<string, Record<string, Node>> => document['paths'] as never;
const parametersOf = (operation: Node | undefined): readonly Node[] =>
  (operation?.['parameters'] ?? []) as Node[];

/** Calls back for every object in a document. */
function walk(value: unknown, visit: (node: Node, path: string) => void, path = ''): void {
  if (Array.isArray(value)) value.forEach((item, index) => walk(item, visit, `${path}/${index}`));
  else if (typeof value === 'object' && value !== null) {
    visit(value as Node, path);
    for (const [key, child] of Object.entries(value)) walk(child, visit, `${path}/${key}`);
  }
}

function resolves(document: Node, reference: string): boolean {
  let found: unknown = document;
  for (const step of reference.replace(/^#\//, '').split('/')) found = (found as Node | undefined)?.[step];
  return found !== undefined;
}

const spec = (version: 'v2' | 'v3'): Record<string, Node> => {
  const document = version === 'v2' ? openApiV2([Sample], INFO) : openApiV3([Sample], INFO);
  const sample = as(schemasOf(document)['dev.polder.data.v1alpha1.Sample']);
  return as(as(sample['properties'])['spec'])['properties'] as never;
};

describe('OpenAPI schemas', () => {
  it('C39 publish list types, map types, free fields and mixed types as declared', () => {
    const declared: Record<string, Node> = {
      parts: { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
      tags: { 'x-kubernetes-list-type': 'set' },
      args: { 'x-kubernetes-list-type': 'atomic' },
      whole: { 'x-kubernetes-map-type': 'atomic' },
      labels: {},
      free: { 'x-kubernetes-preserve-unknown-fields': true },
      bag: { 'x-kubernetes-preserve-unknown-fields': true },
      object: { 'x-kubernetes-preserve-unknown-fields': true, 'x-kubernetes-embedded-resource': true },
      port: { 'x-kubernetes-int-or-string': true },
      cpu: { 'x-kubernetes-int-or-string': true },
    };
    for (const version of ['v2', 'v3'] as const) {
      for (const [name, expected] of Object.entries(declared)) {
        const published = Object.entries(as(spec(version)[name])).filter(([key]) => key.startsWith('x-'));
        assert.deepEqual(Object.fromEntries(published), expected, `${version} ${name}`);
      }
    }
  });

  it('publish limits, enumerations, formats and defaults', () => {
    for (const version of ['v2', 'v3'] as const) {
      const { protocol, replicas, since } = spec(version);
      const text = { description: 'Protocol.', type: 'string' };
      assert.deepEqual(protocol, { ...text, enum: ['S3', 'Kafka'], default: 'S3' });
      const number = { description: 'Replicas.', type: 'integer' };
      assert.deepEqual(replicas, { ...number, format: 'int32', minimum: 0, maximum: 5 });
      assert.deepEqual(since, { description: 'Since.', type: 'string', format: 'date-time', maxLength: 64 });
    }
  });

  it('say nullable and alternatives in version 3, and drop the type in version 2', () => {
    assert.deepEqual(spec('v3')['maybe'], { description: 'Maybe.', type: 'string', nullable: true });
    assert.deepEqual(spec('v2')['maybe'], {
      description: 'Maybe.',
      'x-kubernetes-preserve-unknown-fields': true,
    });
    assert.deepEqual(spec('v3')['cpu']?.['anyOf'], [{ type: 'number' }, { type: 'string' }]);
    assert.deepEqual(spec('v3')['port']?.['anyOf'], [{ type: 'integer' }, { type: 'string' }]);
    const text = JSON.stringify(openApiV2([...KINDS, ...NATIVE_KINDS, Sample], INFO));
    assert.doesNotMatch(text, /"(anyOf|oneOf|not|nullable|allOf)":/);
  });

  it('require fields that are neither optional nor defaulted', () => {
    const sample = as(schemasOf(openApiV3([Sample], INFO))['dev.polder.data.v1alpha1.Sample']);
    assert.deepEqual(sample['required'], ['spec']);
    assert.deepEqual(as(as(sample['properties'])['spec'])['required'], ['replicas']);
    assert.deepEqual(sample['x-kubernetes-selectable-fields'], [{ fieldPath: 'spec.protocol' }]);
  });

  it('C37 name our copies of shared types under our prefix and native types as upstream does', () => {
    const own = Object.keys(schemasOf(openApiV2([Sample, Virtual], INFO))).sort();
    assert.deepEqual(own, [
      'dev.polder.autoscaling.v1.Scale',
      'dev.polder.data.v1alpha1.Sample',
      'dev.polder.data.v1alpha1.SampleList',
      'dev.polder.meta.v1.DeleteOptions',
      'dev.polder.meta.v1.ListMeta',
      'dev.polder.meta.v1.ObjectMeta',
      'dev.polder.meta.v1.Patch',
      'dev.polder.meta.v1.Status',
      'dev.polder.platform.v1alpha1.Ask',
    ]);
    const native = Object.keys(schemasOf(openApiV2([Pod, Role], INFO)));
    for (const name of [
      'io.k8s.api.core.v1.Pod',
      'io.k8s.api.core.v1.PodList',
      'io.k8s.api.rbac.v1.Role',
      'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
      'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
    ]) {
      assert.ok(native.includes(name), name);
    }
    assert.ok(native.every((name) => name.startsWith('io.k8s.')));
  });
});

describe('OpenAPI paths', () => {
  it('C36 PATCH names its kind, its query parameters and exactly three content types', () => {
    const patch = pathsOf(openApiV3([Sample], INFO))[
      '/apis/data.polder.dev/v1alpha1/namespaces/{namespace}/samples/{name}'
    ]?.['patch'];

    assert.deepEqual(patch?.[GVK], { group: 'data.polder.dev', kind: 'Sample', version: 'v1alpha1' });
    assert.equal(patch['x-kubernetes-action'], 'patch');
    assert.deepEqual(Object.keys(as(as(patch['requestBody'])['content'])).sort(), [
      'application/apply-patch+yaml',
      'application/json-patch+json',
      'application/merge-patch+json',
    ]);
    assert.deepEqual(
      parametersOf(patch).map((parameter) => [parameter['in'], parameter['name']]),
      [
        ['query', 'dryRun'],
        ['query', 'fieldManager'],
        ['query', 'fieldValidation'],
        ['query', 'force'],
      ],
    );
  });

  it('no kind names strategic merge, so that kubectl builds its patches from the types it has built in', () => {
    for (const document of [openApiV2(NATIVE_KINDS, INFO), openApiV3(NATIVE_KINDS, INFO)]) {
      assert.doesNotMatch(JSON.stringify(document), /strategic-merge-patch/);
    }
  });

  it('cover collections, objects and subresources of both scopes', () => {
    const methods = (kinds: readonly Kind[]): Record<string, string[]> =>
      Object.fromEntries(
        Object.entries(pathsOf(openApiV2(kinds, INFO))).map(([path, item]) => [
          path,
          Object.keys(item)
            .filter((key) => key !== 'parameters')
            .sort(),
        ]),
      );
    const root = '/apis/data.polder.dev/v1alpha1';
    const base = `${root}/namespaces/{namespace}/samples`;
    assert.deepEqual(methods([Sample]), {
      [`${root}/samples`]: ['get'],
      [base]: ['delete', 'get', 'post'],
      [`${base}/{name}`]: ['delete', 'get', 'patch', 'put'],
      [`${base}/{name}/status`]: ['get', 'patch', 'put'],
      [`${base}/{name}/scale`]: ['get', 'patch', 'put'],
    });
    assert.deepEqual(Object.keys(methods([Pod])), [
      '/api/v1/pods',
      '/api/v1/namespaces/{namespace}/pods',
      '/api/v1/namespaces/{namespace}/pods/{name}',
    ]);
    const asks = '/apis/platform.polder.dev/v1alpha1/asks';
    assert.deepEqual(methods([Virtual]), { [asks]: ['post'], [`${asks}/{name}`]: ['patch'] });
  });

  it('/scale speaks autoscaling/v1, and no shared definition claims a group, version and kind', () => {
    const document = openApiV2([Sample], INFO);
    const scale =
      pathsOf(document)['/apis/data.polder.dev/v1alpha1/namespaces/{namespace}/samples/{name}/scale'];
    assert.deepEqual(scale?.['get']?.[GVK], { group: 'autoscaling', kind: 'Scale', version: 'v1' });
    for (const [name, definition] of Object.entries(schemasOf(document))) {
      const claims = GVK in as(definition);
      assert.equal(claims, name.startsWith('dev.polder.data.'), name);
    }
  });
});

describe('OpenAPI documents', () => {
  const kinds = [...KINDS, ...NATIVE_KINDS, Sample, Virtual];
  const documents = createOpenApiDocuments(kinds, INFO);
  const root = parse(documents.v3Root());
  const groupVersions = Object.keys(as(root['paths']));
  const all = (): (readonly [string, Node])[] => [
    ['v2', parse(documents.v2())],
    ...groupVersions.map((path) => [path, parse(documents.v3(path))] as const),
  ];

  it('C32 the index lists every group-version and nothing else, each URL with its hash', () => {
    const expected = new Set(
      kinds.map((kind) => (kind.group === '' ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`)),
    );
    assert.deepEqual(new Set(groupVersions), expected);
    for (const path of groupVersions) {
      const url = as(as(root['paths'])[path])['serverRelativeURL'];
      assert.equal(url, `/openapi/v3/${path}?hash=${documents.v3(path)?.hash}`);
    }
    assert.equal(documents.v3('apis/other/v1'), undefined);
    assert.equal(documents.v3('__proto__'), undefined);
  });

  it('C33 hashes are strong, stable and follow the content', () => {
    const path = 'apis/data.polder.dev/v1alpha1';
    const document = documents.v3(path);
    assert.ok(document);
    assert.equal(document.hash, createHash('sha256').update(document.body).digest('hex').toUpperCase());
    assert.equal(document.etag, `"${document.hash}"`);
    assert.equal(documents.v3(path), document, 'made once');
    assert.equal(createOpenApiDocuments(kinds, INFO).v3(path)?.hash, document.hash);
    assert.notEqual(createOpenApiDocuments(kinds, { ...INFO, version: '2' }).v3(path)?.hash, document.hash);
  });

  it('C37 every reference resolves and every name is a dotted identifier, for every kind', () => {
    for (const [where, document] of all()) {
      let references = 0;
      walk(document, (node) => {
        if (typeof node['$ref'] !== 'string') return;
        references += 1;
        assert.ok(resolves(document, node['$ref']), `${where}: ${node['$ref']}`);
      });
      assert.ok(references > 0, where);
      for (const name of Object.keys(schemasOf(document))) {
        assert.match(name, /^[A-Za-z0-9]+(\.[A-Za-z0-9]+)+$/, `${where}: ${name}`);
      }
    }
  });

  it('C37 every kind is claimed by exactly one definition, every operation has its own id', () => {
    for (const [where, document] of all()) {
      const claimed = Object.values(schemasOf(document)).flatMap((definition) =>
        ((as(definition)[GVK] ?? []) as Node[]).map((gvk) => JSON.stringify(gvk)),
      );
      assert.equal(new Set(claimed).size, claimed.length, where);
      const ids: unknown[] = [];
      walk(document['paths'], (node) => ids.push(...('operationId' in node ? [node['operationId']] : [])));
      assert.equal(new Set(ids).size, ids.length, where);
    }
    const claims = JSON.stringify(schemasOf(parse(documents.v2())));
    for (const { group, kind, version } of kinds) {
      assert.ok(claims.includes(JSON.stringify({ group, kind, version })), kind);
    }
  });

  it('C35 every field of every kind has a description', () => {
    for (const [where, document] of all()) {
      walk(schemasOf(document), (node, path) => {
        if (!path.endsWith('/properties') || path.includes('/default')) return;
        for (const [name, field] of Object.entries(node)) {
          assert.ok(
            typeof as(field)['description'] === 'string' && as(field)['description'] !== '',
            `${where}${path}/${name}`,
          );
        }
      });
    }
  });

  it('every path lies under its group-version, every path parameter is declared', () => {
    for (const [where, document] of all()) {
      for (const [path, item] of Object.entries(pathsOf(document))) {
        if (where !== 'v2') assert.ok(path.startsWith(`/${where}/`), path);
        const declared = parametersOf(item as unknown as Node)
          .filter((parameter) => parameter['in'] === 'path')
          .map((parameter) => `{${String(parameter['name'])}}`);
        assert.deepEqual(declared.sort(), (path.match(/\{[a-z]+\}/g) ?? []).sort(), path);
      }
    }
  });
});
