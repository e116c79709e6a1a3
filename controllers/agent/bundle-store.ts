/**
 * What the agent must keep to work without the control plane: the newest signed bundle or tombstone per uid, the
 * inventory of what it made, and the cursor. A bundle is durable before it is acknowledged.
 */
import { digestOf } from '../replica/digest.ts';
import type { Cursor, Have } from '../replica/messages.ts';
import type { BundleClaims } from '../replica/signature.ts';
import { verify, type TrustedPlane } from './accept.ts';
import { idOf } from './plane-objects.ts';
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
/** The plane that the files must be of. */
export interface StorePlane extends Omit<TrustedPlane, 'epoch'> {
  readonly dataPlaneID: string;
}

export interface BundleStore {
  /**
   * Reads everything anew. Answers the files that were left out because they are damaged or were not signed for
   * this plane; they stay on disk, and what they stood for is sent again.
   */
  load(plane: StorePlane): Promise<readonly string[]>;
  get(uid: string): StoredBundle | undefined;
  all(): readonly StoredBundle[];
  /** Durable when it resolves. */
  put(bundle: StoredBundle): Promise<void>;
  /** This bundle can never be applied; it counts as seen, but not as held. Forgotten by a restart. */
  refuse(claims: BundleClaims): void;
  inventory(uid: string): readonly InventoryItem[];
  setInventory(uid: string, items: readonly InventoryItem[]): Promise<void>;
  /** Bundles that have this object in their inventory. */
  holders(id: string): readonly string[];
  cursor(): Cursor;
  /** Never moves back within an epoch. */
  setCursor(cursor: Cursor): Promise<void>;
  /** Over what is held. */
  digest(): string;
  /** Over what is held or was refused: equal to that of the control plane when nothing is left to send. */
  seenDigest(): string;
  have(): readonly Have[];
}

const BUNDLE = 'bundle-';
const INVENTORY = 'inventory-';
const CURSOR = 'cursor.json';
/** Tombstones fence replays of what they ended; the oldest of those that were carried out go first. */
const MAX_TOMBSTONES = 10_000;

type Line = Pick<BundleClaims, 'uid' | 'gen' | 'sha256'>;

export function createBundleStore(files: StateFiles): BundleStore {
  return new FileBundleStore(files);
}

class FileBundleStore implements BundleStore {
  private readonly files: StateFiles;
  private readonly bundles = new Map<string, StoredBundle>();
  private readonly refused = new Map<string, Line>();
  private readonly inventories = new Map<string, readonly InventoryItem[]>();
  private plane: StorePlane | undefined;
  private position: Cursor = { epoch: 0, rv: 0 };
  private tombstones = 0;
  private held: string | undefined;

  constructor(files: StateFiles) {
    this.files = files;
  }

  async load(plane: StorePlane): Promise<readonly string[]> {
    this.plane = plane;
    for (const map of [this.bundles, this.refused, this.inventories]) map.clear();
    this.held = undefined;
    this.tombstones = 0;
    const damaged: string[] = [];
    for (const name of this.files.names(BUNDLE)) {
      const bundle = decode(this.files.read(name));
      const verdict = bundle === undefined ? undefined : await verify(bundle, plane);
      if (bundle === undefined || verdict?.is !== 'accepted' || name !== BUNDLE + verdict.claims.uid) {
        damaged.push(name);
        continue;
      }
      // What counts is what was signed, not what stands beside it.
      this.bundles.set(verdict.claims.uid, { ...bundle, claims: verdict.claims });
      if (verdict.claims.typ === 'tombstone') this.tombstones += 1;
    }
    for (const name of this.files.names(INVENTORY)) {
      const items = parse(this.files.read(name));
      if (Array.isArray(items)) {
        this.inventories.set(name.slice(INVENTORY.length), items as readonly InventoryItem[]);
      } else damaged.push(name);
    }
    this.position = cursorOf(parse(this.files.read(CURSOR)), plane.dataPlaneID);
    return damaged;
  }

  get(uid: string): StoredBundle | undefined {
    return this.bundles.get(uid);
  }

  all(): readonly StoredBundle[] {
    return [...this.bundles.values()];
  }

  async put(bundle: StoredBundle): Promise<void> {
    const { uid, typ } = bundle.claims;
    await this.files.write(BUNDLE + uid, encode(bundle));
    if (typ === 'tombstone' && this.bundles.get(uid)?.claims.typ !== 'tombstone') this.tombstones += 1;
    this.bundles.set(uid, bundle);
    this.refused.delete(uid);
    this.held = undefined;
    if (this.tombstones > MAX_TOMBSTONES) this.dropOldestTombstone();
  }

  refuse(claims: BundleClaims): void {
    if (claims.typ === 'bundle') this.refused.set(claims.uid, claims);
  }

  inventory(uid: string): readonly InventoryItem[] {
    return this.inventories.get(uid) ?? [];
  }

  async setInventory(uid: string, items: readonly InventoryItem[]): Promise<void> {
    const text = JSON.stringify(items);
    if (this.inventories.has(uid) && JSON.stringify(this.inventories.get(uid)) === text) return;
    if (items.length === 0) {
      this.files.remove(INVENTORY + uid);
      this.inventories.delete(uid);
      return;
    }
    await this.files.write(INVENTORY + uid, Buffer.from(text));
    this.inventories.set(uid, items);
  }

  holders(id: string): readonly string[] {
    return [...this.inventories].flatMap(([uid, items]) =>
      items.some((item) => idOf(item) === id) ? [uid] : [],
    );
  }

  cursor(): Cursor {
    return this.position;
  }

  async setCursor(next: Cursor): Promise<void> {
    const { epoch, rv } = this.position;
    if (next.epoch < epoch || (next.epoch === epoch && next.rv <= rv)) return;
    const document = { dataPlaneID: this.plane?.dataPlaneID, ...next };
    await this.files.write(CURSOR, Buffer.from(JSON.stringify(document)));
    this.position = next;
  }

  digest(): string {
    this.held ??= digestOf(this.lines());
    return this.held;
  }

  seenDigest(): string {
    return this.refused.size === 0 ? this.digest() : digestOf(this.seen());
  }

  have(): readonly Have[] {
    return this.seen().map(({ uid, gen, sha256 }) => ({ uid, gen, hash8: sha256.slice(0, 8) }));
  }

  private lines(): readonly Line[] {
    return this.all()
      .map(({ claims }) => claims)
      .filter(({ typ }) => typ === 'bundle');
  }

  private seen(): readonly Line[] {
    const lines = new Map(this.lines().map((line) => [line.uid, line]));
    for (const [uid, line] of this.refused) lines.set(uid, line);
    return [...lines.values()];
  }

  private dropOldestTombstone(): void {
    const oldest = this.all()
      .map(({ claims }) => claims)
      .filter(({ typ, uid }) => typ === 'tombstone' && !this.inventories.has(uid))
      .reduce<BundleClaims | undefined>((a, b) => (a === undefined || b.rv < a.rv ? b : a), undefined);
    if (oldest === undefined) return;
    this.files.remove(BUNDLE + oldest.uid);
    this.bundles.delete(oldest.uid);
    this.tombstones -= 1;
  }
}

/** One line of JSON (claims and envelope), then the body's bytes. */
const encode = ({ claims, jws, gzipped }: StoredBundle): Buffer =>
  Buffer.concat([Buffer.from(`${JSON.stringify({ claims, jws })}\n`), gzipped]);

/** Undefined when the content is damaged. */
function decode(content: Buffer | undefined): StoredBundle | undefined {
  const newline = content?.indexOf(10) ?? -1;
  const header = newline < 0 ? undefined : parse(content?.subarray(0, newline));
  const { claims, jws } = (header ?? {}) as Partial<StoredBundle>;
  if (content === undefined || claims === undefined || typeof jws !== 'string') return undefined;
  return { claims, jws, gzipped: content.subarray(newline + 1) };
}

function parse(content: Buffer | undefined): unknown {
  if (content === undefined) return undefined;
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The cursor of another data plane, or of an earlier one of the same name, says nothing about this one. */
function cursorOf(stored: unknown, dataPlaneID: string): Cursor {
  const { dataPlaneID: of, epoch, rv } = (stored ?? {}) as Partial<Cursor> & { dataPlaneID?: unknown };
  return of === dataPlaneID && typeof epoch === 'number' && typeof rv === 'number'
    ? { epoch, rv }
    : { epoch: 0, rv: 0 };
}
