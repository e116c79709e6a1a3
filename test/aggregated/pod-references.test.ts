/** The table of references in pods against the schema that a real kube-apiserver publishes: none is forgotten. */
import assert from 'node:assert/strict';
import { SECRET_PATHS } from '../../apiserver/policy/native/pod-references.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';

interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly type?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Named so, and no name of a Secret: a file on the node. */
const NO_REFERENCES = new Set(['volumes[].cephfs.secretFile']);

describe('references of pods', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster({ controllerManager: false });
  });
  after(() => cluster.close());

  it('A01 A11 cover every field of PodSpec that names a Secret, in every list of containers', async () => {
    const document = JSON.parse(await cluster.ok(['get', '--raw', '/openapi/v3/api/v1'])) as {
      readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
    };
    const { schemas } = document.components;
    const resolve = (schema: Schema): Schema => {
      const target = schema.$ref ?? schema.allOf?.[0]?.$ref;
      return target === undefined ? schema : (schemas[target.split('/').at(-1) ?? ''] ?? assert.fail(target));
    };
    const found = new Set<string>();
    const walk = (schema: Schema, path: string, isSecret: boolean): void => {
      const { type, items, properties = {} } = resolve(schema);
      if (type === 'array' && items !== undefined) return walk(items, `${path}[]`, isSecret);
      if (type === 'string' && isSecret) found.add(path);
      for (const [name, property] of Object.entries(properties)) {
        const below = path === '' ? name : `${path}.${name}`;
        const names = /secret/i.test(name);
        // Of a reference to a Secret the name counts; its keys and modes are inside of it.
        if (isSecret && name !== 'name' && name !== 'secretName') continue;
        walk(property, below, isSecret || names);
      }
    };

    walk(schemas['io.k8s.api.core.v1.PodSpec'] ?? assert.fail('no PodSpec'), '', false);

    const expected = [...found].filter((path) => !NO_REFERENCES.has(path));
    assert.ok(expected.length > 10);
    assert.deepEqual(new Set(expected), new Set(SECRET_PATHS));
  });
});
