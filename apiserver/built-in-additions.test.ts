import assert from 'node:assert/strict';
import { at, type JsonObject } from './api/json.ts';
import { addMissing } from './built-in-additions.ts';
import { AccessRole } from './kinds/access-role.ts';
import { ClusterAccessPolicy } from './kinds/cluster-access-policy.ts';
import { BUILT_IN_POLICIES, BUILT_IN_ROLES } from './policy/built-in.ts';
import { createLog } from './runtime/log.ts';
import { startPlatform, type Platform } from '../test/support/platform.ts';
import { ann, attributesOf, controllers, group, op } from '../test/support/policy.ts';

const shipped = (objects: readonly JsonObject[], name: string): JsonObject => {
  const found = objects.find((object) => at(object, 'metadata.name') === name);
  assert.ok(found !== undefined);
  return found;
};
/** The role as a newer version ships it. */
const newer = (name: string, ...actions: readonly string[]): JsonObject => {
  const role = shipped(BUILT_IN_ROLES, name);
  const spec = role['spec'] as JsonObject & { readonly actions: readonly string[] };
  return { ...role, spec: { ...spec, actions: [...spec.actions, ...actions] } };
};

describe('built-in objects of an older version', () => {
  let platform: Platform;
  let lines: string[];
  beforeEach(async () => {
    platform = await startPlatform();
    lines = [];
  });
  afterEach(() => platform.close());
  const add = (kind: typeof AccessRole | typeof ClusterAccessPolicy, object: JsonObject): Promise<void> => {
    const log = createLog({ write: (line) => void lines.push(line) });
    return addMissing({ registry: platform.registry, context: platform.as(controllers), log }, kind, object);
  };
  const stored = (kind: typeof AccessRole | typeof ClusterAccessPolicy, name: string): JsonObject =>
    platform.registry.peek(kind, '', name)?.read() ?? {};
  const actions = (name: string): readonly string[] =>
    at(stored(AccessRole, name), 'spec.actions') as string[];
  const readsSecrets = (): boolean =>
    platform.engine.authorize(ann, attributesOf('get', 'secrets', 'tn-acme', 's')).allowed;

  it('get what this version adds, in force at once, again and again', async () => {
    assert.equal(readsSecrets(), false);
    await add(AccessRole, newer('tenant-admin', 'secrets.core:get'));
    assert.equal(readsSecrets(), true);
    await add(AccessRole, newer('tenant-admin', 'secrets.core:get', 'secrets.core:list'));

    assert.deepEqual(actions('tenant-admin').slice(-2), ['secrets.core:get', 'secrets.core:list']);
    assert.equal(at(stored(AccessRole, 'tenant-admin'), 'metadata.generation'), 3);
  });

  it('keep what an older version does not know, and are not written when nothing is missing', async () => {
    await add(AccessRole, newer('auditor', 'secrets.core:get'));
    const revision = platform.registry.revision();
    for (const role of BUILT_IN_ROLES) await add(AccessRole, role);
    for (const policy of BUILT_IN_POLICIES) await add(ClusterAccessPolicy, policy);

    assert.equal(platform.registry.revision(), revision);
    assert.ok(actions('auditor').includes('secrets.core:get'));
  });

  it('stay as an operator made them, and the log says what they lack', async () => {
    await platform.patch(op, AccessRole, ['', 'data-consumer'], { spec: { actions: ['depots:get'] } });
    await add(AccessRole, newer('data-consumer', 'depots:use'));

    assert.deepEqual(actions('data-consumer'), ['depots:get']);
    assert.match(
      lines.join(''),
      /changed here and does not get what this version adds.*data-consumer.*depots:use/,
    );
  });

  it('of our own programs get what is added even so, and keep what the operator wrote', async () => {
    const name = 'polder-agents';
    await platform.patch(op, AccessRole, ['', name], { spec: { actions: ['pods.core:get', 'depots:get'] } });
    await add(AccessRole, shipped(BUILT_IN_ROLES, name));

    const all = at(shipped(BUILT_IN_ROLES, name), 'spec.actions') as readonly string[];
    assert.ok(all.every((action) => actions(name).includes(action)));
    assert.ok(actions(name).includes('depots:get'));
  });

  it('name new subjects too', async () => {
    const policy = shipped(BUILT_IN_POLICIES, 'polder-operators');
    const spec = policy['spec'] as JsonObject & { readonly subjects: readonly JsonObject[] };
    await add(ClusterAccessPolicy, {
      ...policy,
      spec: { ...spec, subjects: [...spec.subjects, group('more')] },
    });

    assert.deepEqual(
      (at(stored(ClusterAccessPolicy, 'polder-operators'), 'spec.subjects') as readonly JsonObject[]).at(-1),
      group('more'),
    );
  });

  it('of the same name that somebody else made are left alone', async () => {
    await platform.registry.delete(
      platform.as(op),
      { kind: AccessRole, namespace: '', name: 'auditor' },
      { dryRun: false, propagationPolicy: 'Background' },
    );
    await platform.create(op, AccessRole, {
      metadata: { name: 'auditor' },
      spec: { actions: ['depots:get'] },
    });
    await add(AccessRole, newer('auditor', 'depots:use'));

    assert.deepEqual(actions('auditor'), ['depots:get']);
  });
});
