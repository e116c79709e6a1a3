/**
 * Ownership after create, update and patch: whoever changed a field owns it.
 * source: apimachinery util/managedfields internal (fieldmanager.go, managedfieldsupdater.go, skipnonapplied.go).
 */
import type { Json, JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { createdFields } from './created-fields.ts';
import { endpointOf, type Subresource } from './endpoint.ts';
import { FieldSet } from './field-set.ts';
import { UnaddressableItem } from './list-items.ts';
import { managedFieldsOf, metadataOf, withManagedFields } from './managed-fields.ts';
import { ownersAfterUpdate } from './owners-after-update.ts';
import { timestamp } from '../../runtime/clock.ts';
import { decodeOwners, encodeOwner, encodeOwners, isReset, type Owners } from './owners.ts';
import { sameValue } from './values.ts';

export interface ManagedUpdate {
  readonly kind: Kind;
  /** Undefined on create. */
  readonly oldObject: JsonObject | undefined;
  /** The object to be stored: defaults present, what the endpoint resets already restored. */
  readonly newObject: JsonObject;
  /** Empty counts as `unknown`. */
  readonly manager: string;
  readonly subresource: Subresource;
  readonly nowMs: number;
}

const NONE: Owners = new Map();

/**
 * Returns `newObject` with its new managedFields. Inputs are not changed; root and metadata are copied, the rest
 * is shared. Never throws for what a client sent.
 *
 * | managedFields in newObject  | effect                                                    |
 * | --------------------------- | --------------------------------------------------------- |
 * | absent, null or unreadable  | the old object's entries go on                            |
 * | `[]` or `[{}]`              | tracking stops; it starts again with the first apply       |
 * | entries                     | taken as sent, then this change is settled among them      |
 * | any, on a subresource       | ignored                                                   |
 *
 * Nothing changed: every entry stays as it was, time included.
 */
export function managedUpdate(update: ManagedUpdate): JsonObject {
  return withManagedFields(update.newObject, managedFieldsAfter(update));
}

function managedFieldsAfter(update: ManagedUpdate): readonly Json[] | undefined {
  const { oldObject, newObject } = update;
  const owners = ownersBefore(update);
  // An object without entries is not tracked before its first apply, unless it is just being created.
  if (owners.size === 0 && hasUid(oldObject)) return undefined;
  try {
    if (oldObject === undefined && owners.size === 0) return creatorAlone(update);
    const after = ownersAfterUpdate(endpointOf(update.kind, update.subresource), owners, {
      before: oldObject ?? {},
      after: newObject,
      manager: managerOf(update),
      nowMs: update.nowMs,
    });
    return encodeOwners(after);
  } catch (error) {
    // A list that cannot be walked is validation's to refuse; until then nobody owns anything of it.
    if (error instanceof UnaddressableItem) return undefined;
    throw error;
  }
}

const managerOf = ({ manager }: ManagedUpdate): string => (manager === '' ? 'unknown' : manager);

function creatorAlone(update: ManagedUpdate): readonly Json[] | undefined {
  const endpoint = endpointOf(update.kind, update.subresource);
  const fieldsV1 = createdFields(endpoint, update.newObject);
  if (fieldsV1 === undefined) return undefined;
  const { apiVersion, subresource } = endpoint;
  return [
    encodeOwner({
      manager: managerOf(update),
      operation: 'Update',
      apiVersion,
      subresource,
      time: timestamp(update.nowMs),
      set: NOTHING,
      stored: fieldsV1,
    }),
  ];
}
const NOTHING = new FieldSet();

function ownersBefore(update: ManagedUpdate): Owners {
  const stored = managedFieldsOf(update.oldObject);
  const before = (): Owners => decodeOwners(stored, 'stored') ?? NONE;
  if (update.subresource !== '') return before();
  const sent = managedFieldsOf(update.newObject);
  if (sent === undefined || (stored !== undefined && sameValue(sent, stored))) return before();
  return isReset(sent) ? NONE : (decodeOwners(sent, 'client') ?? before());
}

function hasUid(object: JsonObject | undefined): boolean {
  const { uid } = metadataOf(object);
  return typeof uid === 'string' && uid !== '';
}
