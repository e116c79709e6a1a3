/** Against a real API server in memory, with a clock that the test moves. */
import assert from 'node:assert/strict';
import { useHostCluster } from '../../test/support/host-cluster.ts';
import { until } from '../../test/support/until.ts';
import { webhookConfigurations } from '../../webhooks/registrations.ts';
import { createReviewPaths, type ReviewPaths } from '../../webhooks/review-paths.ts';
import { SYSTEM_NAMESPACE } from '../api/identity.ts';
import { at, type JsonObject } from '../api/json.ts';
import { WEBHOOK_PATH_NAME, webhookPathIn } from '../client/webhook-path.ts';
import { Namespace } from '../kinds/native/namespace.ts';
import { Secret } from '../kinds/native/secret.ts';
import { DAY_MS } from '../runtime/certificates.ts';
import { createInjection, WEBHOOK_CONFIGURATIONS, WEBHOOKS_NAME } from './injection.ts';

const namespace = SYSTEM_NAMESPACE;
const ref = { name: WEBHOOKS_NAME };
const secretRef = { namespace, name: WEBHOOK_PATH_NAME };
const MINUTE_MS = 60_000;

describe('what we write into registrations', function () {
  this.timeout(30_000);
  const host = useHostCluster();
  beforeEach(async () => {
    if ((await host.admin.find(Namespace, { name: namespace })) === undefined) {
      await host.admin.create(Namespace, { metadata: { name: namespace } });
    }
    // As the manifests have it.
    await host.admin.create(Secret, { metadata: secretRef, type: 'Opaque' });
  });
  afterEach(async () => {
    if ((await host.admin.find(Secret, secretRef)) !== undefined) await host.admin.delete(Secret, secretRef);
  });

  const inject = (bundle?: string): void => {
    const { admin: client, clock, log } = host;
    const injection = createInjection({ client, namespace, clock, log });
    host.run({ start: () => injection.keep(bundle), close: () => injection.close() });
  };
  const follow = async (): Promise<ReviewPaths> => {
    const { admin: client, clock, log } = host;
    const paths = createReviewPaths({ client, namespace, clock, log });
    host.run(paths);
    await until('the webhooks know their path', () => paths.missing() === undefined);
    return paths;
  };
  const hooks = async (): Promise<readonly JsonObject[]> => {
    const objects = WEBHOOK_CONFIGURATIONS.map((kind) => host.admin.get(kind, ref));
    return (await Promise.all(objects)).flatMap((object) => object['webhooks'] as JsonObject[]);
  };
  const pathOf = (hook: JsonObject): unknown => at(hook, 'clientConfig.service.path');
  const paths = async (): Promise<readonly string[]> => (await hooks()).map((hook) => String(pathOf(hook)));
  const areWritten = async (): Promise<boolean> =>
    (await hooks()).every((hook) => pathOf(hook) !== undefined);
  const stored = async (): Promise<string> =>
    webhookPathIn(await host.admin.get(Secret, secretRef))?.current ?? 'none';
  const apply = async (): Promise<void> => {
    for (const [index, kind] of WEBHOOK_CONFIGURATIONS.entries()) {
      await host.admin.patch(kind, ref, { webhooks: webhookConfigurations()[index]?.['webhooks'] });
    }
  };

  it('is a path that nobody can guess, with the name of the entry, and no CA where somebody else writes it', async () => {
    inject();
    await until('the paths are written', areWritten);
    const secret = await stored();
    assert.match(secret, /^[0-9a-f]{64}$/);
    for (const hook of await hooks()) {
      assert.equal(pathOf(hook), `/${secret}/${String(hook['name'])}`);
      assert.equal(at(hook, 'clientConfig.caBundle'), undefined);
      assert.equal(at(hook, 'clientConfig.service.port'), 443);
    }
  });

  it('is the CA beside it where it is ours', async () => {
    inject('PEM');
    await until('the paths are written', areWritten);
    const caBundle = Buffer.from('PEM').toString('base64');
    for (const hook of await hooks()) assert.equal(at(hook, 'clientConfig.caBundle'), caBundle);
  });

  it('comes back when the registrations are replaced, and is the same on every replica', async () => {
    for (const bundle of ['PEM', 'PEM', 'PEM']) inject(bundle);
    await until('the paths are written', areWritten);
    const before = await paths();
    assert.equal(new Set(before.map((path) => path.split('/')[1])).size, 1);
    await apply();
    assert.deepEqual(new Set(await paths()), new Set(['undefined']));
    await host.pass('the paths are back', areWritten);
    assert.deepEqual(await paths(), before);
  });

  it('is nothing where the entry leads to somebody else', async () => {
    const [Mutating] = WEBHOOK_CONFIGURATIONS;
    if (Mutating === undefined) assert.fail();
    const [made] = (webhookConfigurations()[0]?.['webhooks'] ?? []) as JsonObject[];
    const theirs = [
      { ...made, name: 'a.example.com', clientConfig: { url: 'https://example.com/a' } },
      {
        ...made,
        name: 'b.example.com',
        clientConfig: { service: { namespace: 'default', name: 'b', port: 1 } },
      },
    ];
    await host.admin.patch(Mutating, ref, { webhooks: [...theirs, made] });
    inject('PEM');
    const configs = async (): Promise<readonly unknown[]> =>
      ((await host.admin.get(Mutating, ref))['webhooks'] as JsonObject[]).map((hook) => hook['clientConfig']);
    await until('ours is written', async () => at((await configs())[2], 'service.path') !== undefined);
    assert.deepEqual(
      (await configs()).slice(0, 2),
      theirs.map((hook) => hook.clientConfig),
    );
  });

  it('is replaced when the Secret is emptied, and no question fails meanwhile', async () => {
    inject();
    await until('the paths are written', areWritten);
    const webhooks = await follow();
    const [old = ''] = await paths();
    const known = await stored();
    await host.admin.patch(Secret, secretRef, { data: null });

    const emptiedMs = host.clock.now();
    const isWritten = async (): Promise<boolean> => {
      const written = await paths();
      for (const path of written) assert.notEqual(webhooks.entryOf(path), undefined);
      return written.every((path) => !path.includes(known));
    };
    await host.pass('another path is written', isWritten, 5_000);

    const tookMs = host.clock.now() - emptiedMs;
    assert.ok(tookMs >= 30_000, `every replica has time to hear of it: ${tookMs} ms`);
    assert.notEqual(await stored(), known);
    const [now = ''] = await paths();
    assert.equal(webhooks.entryOf(now), 'mutate.polder.dev');
    assert.equal(webhooks.entryOf(old), 'mutate.polder.dev', 'for who has not heard of the new one');
    host.clock.advance(10 * MINUTE_MS);
    assert.equal(webhooks.entryOf(old), undefined);
    assert.equal(webhooks.entryOf(now), 'mutate.polder.dev');
  });

  it('is replaced once a day', async () => {
    inject();
    await until('the paths are written', areWritten);
    const first = await stored();
    host.clock.advance(DAY_MS - 10 * MINUTE_MS);
    await apply();
    await host.pass('somebody looked', areWritten);
    assert.equal(await stored(), first);
    host.clock.advance(10 * MINUTE_MS);
    await host.pass('another one is made', async () => (await stored()) !== first, 30_000);
    assert.ok((await paths()).every((path) => path.includes(first)));
    await host.pass(
      'it is written',
      async () => (await paths()).every((path) => !path.includes(first)),
      10_000,
    );
  });

  it('is what somebody made unusable no longer', async () => {
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const data = { current: base64('guess-me'), made: base64(new Date(host.clock.now()).toISOString()) };
    await host.admin.patch(Secret, secretRef, { data });
    inject();
    await until('the paths are written', areWritten);
    assert.match(await stored(), /^[0-9a-f]{64}$/);
  });

  it('is what somebody whose clock is hours ahead made no longer', async () => {
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const ahead = new Date(host.clock.now() + DAY_MS - 60 * MINUTE_MS).toISOString();
    const data = { current: base64('a'.repeat(64)), previous: base64('b'.repeat(64)), made: base64(ahead) };
    await host.admin.patch(Secret, secretRef, { data });
    inject();
    await until('the paths are written', areWritten);
    assert.notEqual(await stored(), 'a'.repeat(64));
    await host.pass(
      'neither is in the registrations',
      async () => (await paths()).every((path) => !/^\/[ab]{64}\//.test(path)),
      10_000,
    );
  });

  it('goes on when the Secret is deleted, and is never logged', async () => {
    inject();
    await until('the paths are written', areWritten);
    const webhooks = await follow();
    const [path = ''] = await paths();
    const first = await stored();
    await host.admin.delete(Secret, secretRef);
    assert.equal(webhooks.entryOf(path), 'mutate.polder.dev');
    await host.pass('it is made again', async () => {
      const found = await host.admin.find(Secret, secretRef);
      assert.notEqual(webhooks.entryOf(path), undefined);
      return webhookPathIn(found) !== undefined;
    });
    const second = await stored();
    assert.notEqual(second, first);
    assert.ok(host.lines.length > 0);
    for (const secret of [first, second]) assert.ok(!host.lines.some((line) => line.includes(secret)));
  });
});
