/** A registry on a real store, the kinds that its tests speak about, and the words in which they do. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Admission } from '../../apiserver/api/admission.ts';
import { ApiError, type Reason } from '../../apiserver/api/errors.ts';
import { at, type Json, type JsonObject } from '../../apiserver/api/json.ts';
import { defineKind, type Kind } from '../../apiserver/api/kind.ts';
import type { ObjectMeta } from '../../apiserver/api/meta.ts';
import { any, int, listMap, map, obj, opt, str } from '../../apiserver/api/schema.ts';
import { ConfigMap } from '../../apiserver/kinds/native/config-map.ts';
import { Namespace } from '../../apiserver/kinds/native/namespace.ts';
import {
  createRegistry,
  type LocalRegistry,
  type RegistryDeps,
} from '../../apiserver/registry/create-registry.ts';
import type {
  Body,
  Collection,
  Context,
  DeleteOptions,
  ListOptions,
  Selectors,
  StoredObject,
  Target,
  Visibility,
  WatchEvent,
  WatchHandle,
  WatchOptions,
  WatchSink,
  WriteOptions,
} from '../../apiserver/registry/registry.ts';
import { createFakeClock, type FakeClock } from '../../apiserver/runtime/clock.ts';
import { silentLog } from '../../apiserver/runtime/log.ts';
import { createMetrics, type Metrics } from '../../apiserver/runtime/metrics.ts';
import { createMemoryStore } from '../../apiserver/store/memory/store.ts';
import type { Store } from '../../apiserver/store/store.ts';
import type { StoreDriver } from '../conformance/store-drivers.ts';

/** Namespaced, with everything the machinery knows. */
export const Widget = defineKind({
  kind: 'Widget',
  plural: 'widgets',
  scope: 'Namespaced',
  doc: 'A thing to test with.',
  spec: obj('Desired state.', {
    size: int('How large.', { default: 1, minimum: 0 }),
    color: opt(str('Paint; fixed after creation.')),
    replicas: opt(int('How many.')),
    parts: opt(
      listMap('Named parts.', 'name', obj('A part.', { name: str('Name.'), weight: opt(int('Grams.')) })),
    ),
    notes: opt(map('Free text.', str('A note.'))),
    extra: opt(any('Anything.')),
    secret: opt(str('Not to be shown.')),
  }),
  status: obj('Observed state.', {
    phase: opt(str('Summary.')),
    replicas: opt(int('How many there are.')),
    selector: opt(str('Selects the pieces.')),
  }),
  immutable: ['spec.color', 'spec.secret'],
  secrets: ['spec.secret'],
  selectableFields: ['spec.color', 'status.phase', 'spec.size'],
  scale: {
    specReplicas: 'spec.replicas',
    statusReplicas: 'status.replicas',
    labelSelector: 'status.selector',
  },
});
/** Cluster-scoped. */
export const Box = defineKind({
  kind: 'Box',
  plural: 'boxes',
  scope: 'Cluster',
  doc: 'A thing without a namespace.',
  spec: obj('Desired state.', { label: opt(str('What is in it.')) }),
  status: obj('Observed state.', { phase: opt(str('Summary.')) }),
});
/** Answered at once. */
export const Echo = defineKind({
  kind: 'Echo',
  plural: 'echoes',
  scope: 'Cluster',
  doc: 'Says what it heard.',
  virtual: true,
  spec: obj('Question.', { text: str('What to say.') }),
  status: obj('Answer.', { text: opt(str('What was said.')) }),
});
export { ConfigMap, Namespace };
export const KINDS: readonly Kind[] = [Widget, Box, Echo, Namespace, ConfigMap];

/** Admission that lets everything pass; not a mock: what runs where no rule is configured. */
export const OPEN_ADMISSION: Admission = {
  mutate: async ({ object }) => {
    assert.ok(object);
    return await Promise.resolve(object);
  },
  validate: async () => await Promise.resolve(),
};

export interface World {
  readonly registry: LocalRegistry;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly metrics: Metrics;
  readonly context: Context;
  /** Warnings given to `context`. */
  readonly warnings: string[];
  close(): Promise<void>;
}

/** Starts a registry on `store` (default: memory) with namespaces a and b. */
export async function startWorld(
  options: Partial<RegistryDeps> & { readonly namespaces?: readonly string[] } = {},
): Promise<World> {
  const store = options.store ?? createMemoryStore();
  await store.start();
  const clock = createFakeClock(1_700_000_000_000);
  const metrics = createMetrics();
  const registry = createRegistry({
    kinds: KINDS,
    admission: OPEN_ADMISSION,
    clock,
    log: silentLog,
    metrics,
    virtual: {
      Echo: async (_context, _target, object) =>
        await Promise.resolve({ ...object, status: { text: at(object, 'spec.text') as Json } }),
    },
    ...options,
    store,
  });
  await registry.start();
  const warnings: string[] = [];
  const context = contextFor('tester', warnings);
  for (const name of options.namespaces ?? ['a', 'b']) {
    if (registry.peek(Namespace, '', name) === undefined) {
      await registry.create(context, on(Namespace), body({ metadata: { name } }), WRITE);
    }
  }
  return {
    registry,
    store,
    clock,
    metrics,
    context,
    warnings,
    close: async () => {
      await registry.close();
      await store.close();
    },
  };
}

/** A world on `driver` for the tests of one `describe`; its properties are there from the first test on. */
export function useWorld(driver: StoreDriver, options: Parameters<typeof startWorld>[0] = {}): World {
  driver.use?.();
  const folder = mkdtempSync(join(tmpdir(), 'polder-registry-'));
  const world = {} as { -readonly [K in keyof World]: World[K] };
  before(async () => {
    Object.assign(world, await startWorld({ ...options, store: driver.create(folder) }));
  });
  after(async () => {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return world;
}

export const contextFor = (name: string, warnings: string[] = []): Context => ({
  user: { name, groups: [], extra: {} },
  signal: new AbortController().signal,
  warn: (text) => {
    if (!warnings.includes(text)) warnings.push(text);
  },
  annotate: () => undefined,
});

export const WRITE: WriteOptions = { dryRun: false, fieldManager: 'test', fieldValidation: 'Warn' };
export const DELETE: DeleteOptions = { dryRun: false, propagationPolicy: 'Background' };
export const SEES_ALL: Visibility = { all: true, allows: () => true, onChange: () => () => undefined };
export const EVERYTHING: Selectors = { labels: () => true, anyLabels: true, fields: [] };
export const LIST: ListOptions = {
  selectors: EVERYTHING,
  visibility: SEES_ALL,
  limit: 0,
  continue: '',
  resourceVersion: '',
  resourceVersionMatch: '',
};
export const WATCH: WatchOptions = {
  selectors: EVERYTHING,
  visibility: SEES_ALL,
  resourceVersion: '',
  resourceVersionMatch: '',
  sendInitialEvents: undefined,
  allowBookmarks: false,
};
export const labelled = (key: string, value: string): Selectors => ({
  labels: (labels) => labels[key] === value,
  anyLabels: false,
  labelText: `${key}=${value}`,
  fields: [],
});
export const fieldIs = (path: string, value: string, not = false): Selectors => ({
  ...EVERYTHING,
  fields: [{ path, value, not }],
});

export const on = (kind: Kind, namespace = '', name = ''): Target => ({ kind, namespace, name });
export const all = (kind: Kind, namespace = ''): Collection => ({ kind, namespace });
export const body = (value: unknown, flaws: Partial<Body> = {}): Body => ({
  value,
  duplicates: [],
  lossy: [],
  ...flaws,
});

export const widget = (name: string, spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'data.polder.dev/v1alpha1',
  kind: 'Widget',
  metadata: { name, ...metadata },
  spec,
});
export const box = (name: string, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'platform.polder.dev/v1alpha1',
  kind: 'Box',
  metadata: { name, ...metadata },
  spec: {},
});

export async function createWidget(
  world: World,
  name: string,
  more: { readonly spec?: JsonObject; readonly metadata?: JsonObject; readonly namespace?: string } = {},
): Promise<StoredObject> {
  const { registry, context } = world;
  const sent = body(widget(name, more.spec, more.metadata));
  return (await registry.create(context, on(Widget, more.namespace ?? 'a'), sent, WRITE)).object;
}

/** Reads, edits and replaces. */
export async function replace(
  world: World,
  stored: StoredObject,
  edit: (object: JsonObject) => JsonObject,
  subresource: '' | 'status' | 'scale' = '',
): Promise<StoredObject> {
  const kind = KINDS.find((one) => stored.key.includes(`/${one.plural}/`));
  assert.ok(kind);
  const target = { ...on(kind, stored.namespace, stored.name), subresource };
  return (await world.registry.update(world.context, target, body(edit(stored.read())), WRITE)).object;
}

export const meta = (stored: StoredObject): ObjectMeta => stored.read()['metadata'] as unknown as ObjectMeta;
export const names = (objects: readonly StoredObject[]): readonly string[] => objects.map(({ name }) => name);

/** Passes when the promise is refused with this reason; gives the error for more questions. */
export async function refused(promise: Promise<unknown>, reason: Reason, code?: number): Promise<ApiError> {
  const error = await promise.then(
    () => assert.fail(`expected ${reason}`),
    (failure: unknown) => failure,
  );
  if (!(error instanceof ApiError)) throw error;
  assert.equal(error.reason, reason, error.message);
  if (code !== undefined) assert.equal(error.code, code);
  return error;
}

/** One watch as its client sees it, one line per message. */
export interface Recorded {
  readonly lines: readonly string[];
  readonly events: readonly WatchEvent[];
  readonly errors: readonly ApiError[];
  readonly handle: WatchHandle;
  /** Resolves when there are at least `count` lines; fails after 5 s. */
  upTo(count: number): Promise<readonly string[]>;
}

export function watch(
  world: Pick<World, 'registry' | 'context'>,
  collection: Collection,
  options: Partial<WatchOptions> = {},
): Recorded {
  const lines: string[] = [];
  const events: WatchEvent[] = [];
  const errors: ApiError[] = [];
  let wake = (): void => undefined;
  const say = (line: string): void => {
    lines.push(line);
    wake();
  };
  const sink: WatchSink = {
    events: (batch) => {
      for (const event of batch) {
        events.push(event);
        say(`${event.type} ${event.object.name} ${meta(event.object).resourceVersion}`);
      }
    },
    bookmark: (revision, isEnd) => say(`BOOKMARK ${revision}${isEnd ? ' end' : ''}`),
    error: (error) => {
      errors.push(error);
      say(`ERROR ${error.code} ${error.reason}`);
    },
  };
  const handle = world.registry.watch(world.context, collection, { ...WATCH, ...options }, sink);
  const upTo = async (count: number): Promise<readonly string[]> => {
    const deadline = AbortSignal.timeout(20_000);
    while (lines.length < count) {
      await new Promise<void>((resolve, reject) => {
        wake = resolve;
        deadline.onabort = (): void =>
          reject(new Error(`${lines.length} of ${count} lines: ${lines.join('; ')}`));
      });
    }
    return lines;
  };
  return { lines, events, errors, handle, upTo };
}

/** Lets everything that is already scheduled run: two turns of the event loop. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
}
