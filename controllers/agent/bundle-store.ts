/**
 * What the agent must keep to work without the control plane: the newest signed bundle or tombstone per uid, the
 * inventory of what it made, and the cursor. A bundle is durable before it is acknowledged.
 */
import { digestOf } from '../replica/digest.ts';
import type { Cursor, Have } from '../replica/messages.ts';
import type { BundleClaims } from '../replica/signature.ts';
import type { StateFiles } from './state-files.ts';

export interface StoredBundle {
  readonly claims: BundleClaims;
  /** The signed envelope as received. */
  readonly jws: string;
  /** Gzipped body as received; empty for a tombstone. */
  readonly gzipped: Buffer;
}
/** One object that this agent created or took over. */
export interface InventoryItem {
  readonly gvk: string;
  readonly namespace: string;
  readonly name: string;
  /** Empty until the first apply answered. */
  readonly uid: string;
}

export interface BundleStore {
  load(): void;
  get(uid: string): StoredBundle | undefined;
  all(): readonly StoredBundle[];
  /** Durable when it resolves. */
  put(bundle: StoredBundle): Promise<void>;
  forget(uid: string): void;
  inventory(uid: string): readonly InventoryItem[];
  setInventory(uid: string, items: readonly InventoryItem[]): Promise<void>;
  cursor(): Cursor;
  /** Never moves back within an epoch. */
  setCursor(cursor: Cursor): Promise<void>;
  digest(): string;
  have(): readonly Have[];
}

const BUNDLE = 'bundle-';
const INVENTORY = 'inventory-';
const CURSOR = 'cursor.json';

export function createBundleStore(files: StateFiles): BundleStore {
  const bundles = new Map<string, StoredBundle>();
  const inventories = new Map<string, readonly InventoryItem[]>();
  let cursor: Cursor = { epoch: 0, rv: 0 };
  const live = (): readonly BundleClaims[] =>
    [...bundles.values()].map(({ claims }) => claims).filter(({ typ }) => typ === 'bundle');
  return {
    load: () => {
      for (const name of files.names(BUNDLE)) {
        const bundle = decode(files.read(name) ?? Buffer.alloc(0));
        bundles.set(bundle.claims.uid, bundle);
      }
      for (const name of files.names(INVENTORY)) {
        const items: unknown = JSON.parse((files.read(name) ?? Buffer.from('[]')).toString('utf8'));
        inventories.set(name.slice(INVENTORY.length), items as readonly InventoryItem[]);
      }
      const stored = files.read(CURSOR);
      if (stored !== undefined) cursor = JSON.parse(stored.toString('utf8')) as Cursor;
    },
    get: (uid) => bundles.get(uid),
    all: () => [...bundles.values()],
    put: async (bundle) => {
      await files.write(BUNDLE + bundle.claims.uid, encode(bundle));
      bundles.set(bundle.claims.uid, bundle);
    },
    forget: (uid) => {
      files.remove(BUNDLE + uid);
      files.remove(INVENTORY + uid);
      bundles.delete(uid);
      inventories.delete(uid);
    },
    inventory: (uid) => inventories.get(uid) ?? [],
    setInventory: async (uid, items) => {
      await files.write(INVENTORY + uid, Buffer.from(JSON.stringify(items)));
      inventories.set(uid, items);
    },
    cursor: () => cursor,
    setCursor: async (next) => {
      if (next.epoch === cursor.epoch && next.rv <= cursor.rv) return;
      await files.write(CURSOR, Buffer.from(JSON.stringify(next)));
      cursor = next;
    },
    digest: () => digestOf(live()),
    have: () => live().map(({ uid, gen, sha256 }) => ({ uid, gen, hash8: sha256.slice(0, 8) })),
  };
}

/** One line of JSON (claims and envelope), then the body's bytes. */
const encode = ({ claims, jws, gzipped }: StoredBundle): Buffer =>
  Buffer.concat([Buffer.from(`${JSON.stringify({ claims, jws })}\n`), gzipped]);

function decode(content: Buffer): StoredBundle {
  const newline = content.indexOf(10);
  const header = JSON.parse(content.toString('utf8', 0, newline)) as Pick<StoredBundle, 'claims' | 'jws'>;
  return { ...header, gzipped: content.subarray(newline + 1) };
}
