/** The whole folder of samples in one command, on a fresh server, with real kubectl: each way of applying, twice. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { isObject } from '../../apiserver/api/json.ts';
import { KINDS } from '../../apiserver/kinds/index.ts';
import { readSamples } from '../conformance/kind.ts';
import { eventually, startPolder, type Polder } from '../support/polder.ts';

const FOLDER = 'manifests/samples/';
const OBJECTS = globSync(`${FOLDER}*.yaml`).flatMap((file) => readSamples(file));
const APPLIED = KINDS.filter((kind) => kind.storage === 'stored' && !kind.readOnlyForUsers);

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly fieldsV1: Record<string, unknown>;
}
interface Item {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly generation: number;
    readonly managedFields: readonly Entry[];
  };
}

for (const [title, flags] of [
  ['kubectl apply --server-side -f manifests/samples/', ['--server-side']],
  ['kubectl apply -f manifests/samples/', []],
] as const) {
  describe(title, function () {
    this.timeout(180_000);
    let polder: Polder;
    before(async () => {
      polder = await startPolder();
    });
    after(() => polder.remove());

    /** The samples as they are stored; other objects of their kinds are made by the server. */
    const stored = async (): Promise<ReadonlyMap<string, Item>> => {
      const kinds = APPLIED.map((kind) => `${kind.plural}.${kind.group}`).join(',');
      const text = await polder.ok(['get', kinds, '-A', '-o', 'json', '--show-managed-fields']);
      const { items } = JSON.parse(text) as { items: readonly Item[] };
      const wanted = new Set(OBJECTS.map((object) => idOf(object as unknown as Item)));
      return new Map(items.map((item) => [idOf(item), item] as const).filter(([id]) => wanted.has(id)));
    };
    const apply = (): Promise<string> => polder.ok(['apply', ...flags, '-f', FOLDER]);

    it('makes every object in one go, the namespaces of new tenants included', async () => {
      const output = await apply();

      assert.equal(output.split('\n').length, OBJECTS.length, output);
      assert.equal((await stored()).size, OBJECTS.length);
    });

    it('changes nothing when it is repeated', async () => {
      await eventually(polder, ['tenants'], async () =>
        /^Active( Active)*$/.test(
          await polder.ok(['get', 'tenants', '-o', 'jsonpath={.items[*].status.phase}']),
        ),
      );
      const before = await stored();

      await apply();

      const after = await stored();
      for (const [id, { metadata }] of before) {
        assert.equal(after.get(id)?.metadata.generation, metadata.generation, id);
      }
    });

    it('owns every field it gives, alone', async () => {
      for (const [id, { metadata }] of await stored()) {
        const own = metadata.managedFields.filter(
          ({ manager, subresource }) => manager.startsWith('kubectl') && subresource === undefined,
        );
        const [entry] = own;
        assert.deepEqual(
          own.map(({ operation }) => operation),
          [flags.length > 0 ? 'Apply' : 'Update'],
          id,
        );
        const sample = OBJECTS.find((object) => idOf(object as unknown as Item) === id);
        const given = isObject(sample?.['spec']) ? Object.keys(sample['spec']).map((key) => `f:${key}`) : [];
        const owned = Object.keys((entry?.fieldsV1['f:spec'] ?? {}) as object);
        assert.deepEqual(
          given.filter((field) => !owned.includes(field)),
          [],
          id,
        );
        if (flags.length > 0) assert.deepEqual(owned.sort(), given.sort(), id);
        const others = metadata.managedFields.filter(
          ({ manager, subresource, fieldsV1 }) =>
            !manager.startsWith('kubectl') && subresource === undefined && 'f:spec' in fieldsV1,
        );
        assert.deepEqual(others, [], id);
      }
    });

    it('leaves the create-only kinds to kubectl create', async () => {
      const output = await polder.ok(['create', '-f', `${FOLDER}create-only/`, '-o', 'name']);

      assert.deepEqual(output.split('\n').sort(), [
        'accessreview.data.polder.dev/may-dan-use-warehouse',
        'registrationtoken.platform.polder.dev/lab',
      ]);
    });

    it('is taken away with its tenants', async () => {
      const tenants = ['tenant/meadow', 'tenant/harbor', 'tenant/orchard', 'compute/gpu', '--timeout=60s'];
      await polder.ok(['delete', ...tenants], { timeoutMs: 70_000 });
      const rest = [...(await stored()).keys()].map((id) => id.replace(/[/]+/, '/'));
      await polder.ok(['delete', ...rest, '--timeout=60s'], { timeoutMs: 70_000 });

      assert.ok(rest.includes('DataPlane/lab'), 'what is of no tenant is left to the operator');
      assert.equal((await stored()).size, 0);
    });
  });
}

const idOf = ({ kind, metadata: { namespace = '', name } }: Item): string => `${kind}/${namespace}/${name}`;
