/** Who set which fields after a create or an update, as managedFields. */
import type { JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { managedUpdate } from './apply/managed-update.ts';
import type { WriteOptions } from './registry.ts';
import type { Subresource } from './update.ts';

export interface Edited {
  readonly kind: Kind;
  /** Absent on create. */
  readonly old?: JsonObject;
  readonly object: JsonObject;
  readonly subresource: Subresource;
  readonly options: WriteOptions;
  readonly nowMs: number;
}

export const managedByUpdate = ({ kind, old, object, subresource, options, nowMs }: Edited): JsonObject =>
  managedUpdate({
    kind,
    oldObject: old,
    newObject: object,
    manager: options.fieldManager,
    // Taking finalizers of a namespace away is an update of the object itself as far as ownership goes.
    subresource: subresource === 'finalize' ? '' : subresource,
    nowMs,
  });
