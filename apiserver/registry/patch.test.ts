import assert from 'node:assert/strict';
import { body, on, refused, startWorld, WRITE, type World, KINDS } from '../../test/support/registry.ts';
import type { JsonObject } from '../api/json.ts';
import { Deployment } from '../kinds/native/deployment.ts';
import type { StoredObject } from './registry.ts';

describe('strategic merge patch of a native kind', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ kinds: [...KINDS, Deployment] });
  });
  after(async () => await world.close());

  const target = { ...on(Deployment, 'a', 'web'), subresource: '' } as const;
  const patch = async (value: unknown): Promise<StoredObject> =>
    (await world.registry.patch(world.context, target, { type: 'strategic', body: body(value) }, WRITE))
      .object;

  it('merges containers by name, where a merge patch would replace the list', async () => {
    const labels = { app: 'web' };
    const containers = [
      { name: 'web', image: 'web:1' },
      { name: 'side', image: 'side:1' },
    ];
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
    };
    await world.registry.create(world.context, on(Deployment, 'a'), body(deployment), WRITE);
    const changed = await patch({
      spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } },
    });
    const template = (changed.read()['spec'] as JsonObject)['template'] as JsonObject;
    const images = ((template['spec'] as JsonObject)['containers'] as JsonObject[]).map(({ image }) => image);

    assert.deepEqual(new Set(images), new Set(['side:1', 'web:2']));
    assert.equal((changed.read()['metadata'] as JsonObject)['generation'], 2);
  });

  it('refuses what is no object', async () => {
    await refused(patch([1]), 'BadRequest', 400);
  });
});
