/**
 * etcd's requests and answers, those that the store uses, with the field numbers of its published API.
 * source: etcd.io "API reference" v3.6, package etcdserverpb and mvccpb.
 */
import { MessageReader, MessageWriter } from './wire.ts';

export const METHOD = {
  range: { name: 'range', path: '/etcdserverpb.KV/Range' },
  txn: { name: 'txn', path: '/etcdserverpb.KV/Txn' },
  compact: { name: 'compact', path: '/etcdserverpb.KV/Compact' },
  grant: { name: 'grant', path: '/etcdserverpb.Lease/LeaseGrant' },
  revoke: { name: 'revoke', path: '/etcdserverpb.Lease/LeaseRevoke' },
} as const;
export type Method = (typeof METHOD)[keyof typeof METHOD];
export const WATCH_PATH = '/etcdserverpb.Watch/Watch';
export const KEEP_ALIVE_PATH = '/etcdserverpb.Lease/LeaseKeepAlive';

export interface KeyValue {
  readonly key: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  /** Shares memory with the whole answer. */
  readonly value: Buffer;
}

export interface RangeRequest {
  readonly key: Buffer;
  /** Exclusive; absent: this key alone. */
  readonly end?: Buffer;
  /** 0 or absent: all. */
  readonly limit?: number;
  /** 0 or absent: now. */
  readonly revision?: number;
  readonly keysOnly?: boolean;
}
export interface RangeResponse {
  /** Of the whole database, when it answered. */
  readonly revision: number;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
}

export type Operation =
  | { readonly is: 'range'; readonly range: RangeRequest }
  /** It goes with its lease; absent or 0: it stays. */
  | { readonly is: 'put'; readonly key: Buffer; readonly value: Buffer; readonly lease?: number }
  | { readonly is: 'delete'; readonly key: Buffer; readonly end?: Buffer };
/** The key was last changed at this revision, or with `orBefore` not after it; 0 = it does not exist. */
export interface Condition {
  readonly key: Buffer;
  /** Exclusive: it holds for every key from `key` on. Absent: this key alone. */
  readonly end?: Buffer;
  readonly modRevision: number;
  readonly orBefore?: true;
}
export interface TxnRequest {
  /** All must hold. */
  readonly when: readonly Condition[];
  readonly success: readonly Operation[];
  readonly failure: readonly Operation[];
}
export interface TxnResponse {
  readonly revision: number;
  readonly succeeded: boolean;
  /** Answers to the range operations of the branch that was taken, in order. */
  readonly ranges: readonly RangeResponse[];
}

export interface WatchEvent extends KeyValue {
  readonly deleted: boolean;
}
export interface WatchResponse {
  readonly revision: number;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Not 0: what was asked for is gone, up to this revision. */
  readonly compactRevision: number;
  readonly cancelReason: string;
  /** More events of the same answer follow in the next message. */
  readonly fragment: boolean;
  readonly events: readonly WatchEvent[];
}

const MOD_REVISION_TARGET = 2;
const EQUAL = 0;
const LESS = 2;
const DELETE_EVENT = 1;

export const encodeRange = (request: RangeRequest): Buffer => rangeMessage(request).finish();

export function encodeTxn({ when, success, failure }: TxnRequest): Buffer {
  const message = new MessageWriter();
  for (const { key, end, modRevision, orBefore } of when) {
    const compare = new MessageWriter().integer(1, orBefore === true ? LESS : EQUAL);
    compare.integer(2, MOD_REVISION_TARGET).bytes(3, key);
    compare.integer(6, orBefore === true ? modRevision + 1 : modRevision);
    if (end !== undefined) compare.bytes(64, end);
    message.message(1, compare);
  }
  for (const operation of success) message.message(2, operationMessage(operation));
  for (const operation of failure) message.message(3, operationMessage(operation));
  return message.finish();
}

export const encodeCompact = (revision: number): Buffer => new MessageWriter().integer(1, revision).finish();

/** `lease`: below 2^53, and of nobody else. */
export const encodeGrant = (lease: number, ttlS: number): Buffer =>
  new MessageWriter().integer(1, ttlS).integer(2, lease).finish();
/** Both what keeps a lease and what ends it. */
export const encodeLease = (lease: number): Buffer => new MessageWriter().integer(1, lease).finish();
/** Seconds that the lease lives on; 0: it is over. */
export function decodeKeepAlive(bytes: Buffer): number {
  const reader = new MessageReader(bytes);
  let ttlS = 0;
  while (reader.next()) {
    if (reader.field === 3) ttlS = reader.integer();
    else reader.skip();
  }
  return ttlS;
}

/** Watches every key from `key` up to `end`, from `startRevision` on. */
export function encodeWatch(key: Buffer, end: Buffer, startRevision: number): Buffer {
  const create = new MessageWriter()
    .bytes(1, key)
    .bytes(2, end)
    .integer(3, startRevision)
    .flag(4, true)
    .flag(8, true);
  return new MessageWriter().message(1, create).finish();
}

function rangeMessage({ key, end, limit = 0, revision = 0, keysOnly = false }: RangeRequest): MessageWriter {
  const message = new MessageWriter().bytes(1, key);
  if (end !== undefined) message.bytes(2, end);
  return message.integer(3, limit).integer(4, revision).flag(8, keysOnly);
}

function operationMessage(operation: Operation): MessageWriter {
  const message = new MessageWriter();
  switch (operation.is) {
    case 'range':
      return message.message(1, rangeMessage(operation.range));
    case 'put':
      return message.message(
        2,
        new MessageWriter()
          .bytes(1, operation.key)
          .bytes(2, operation.value)
          .integer(3, operation.lease ?? 0),
      );
    case 'delete': {
      const range = new MessageWriter().bytes(1, operation.key);
      if (operation.end !== undefined) range.bytes(2, operation.end);
      return message.message(3, range);
    }
  }
}

export const decodeRange = (bytes: Buffer): RangeResponse => readRange(new MessageReader(bytes));

export function decodeTxn(bytes: Buffer): TxnResponse {
  const reader = new MessageReader(bytes);
  let revision = 0;
  let succeeded = false;
  const ranges: RangeResponse[] = [];
  while (reader.next()) {
    if (reader.field === 1) revision = readHeader(reader.message());
    else if (reader.field === 2) succeeded = reader.flag();
    else if (reader.field === 3) ranges.push(...readRanges(reader.message()));
    else reader.skip();
  }
  return { revision, succeeded, ranges };
}

export function decodeWatch(bytes: Buffer): WatchResponse {
  const reader = new MessageReader(bytes);
  const response = {
    revision: 0,
    created: false,
    canceled: false,
    compactRevision: 0,
    cancelReason: '',
    fragment: false,
  };
  const events: WatchEvent[] = [];
  while (reader.next()) {
    if (reader.field === 1) response.revision = readHeader(reader.message());
    else if (reader.field === 3) response.created = reader.flag();
    else if (reader.field === 4) response.canceled = reader.flag();
    else if (reader.field === 5) response.compactRevision = reader.integer();
    else if (reader.field === 6) response.cancelReason = reader.bytes().toString();
    else if (reader.field === 7) response.fragment = reader.flag();
    else if (reader.field === 11) events.push(readEvent(reader.message()));
    else reader.skip();
  }
  return { ...response, events };
}

function readHeader(reader: MessageReader): number {
  let revision = 0;
  while (reader.next()) {
    if (reader.field === 3) revision = reader.integer();
    else reader.skip();
  }
  return revision;
}

function readRange(reader: MessageReader): RangeResponse {
  let revision = 0;
  let more = false;
  const kvs: KeyValue[] = [];
  while (reader.next()) {
    if (reader.field === 1) revision = readHeader(reader.message());
    else if (reader.field === 2) kvs.push(readKeyValue(reader.message()));
    else if (reader.field === 3) more = reader.flag();
    else reader.skip();
  }
  return { revision, kvs, more };
}

/** The answer to one operation of a transaction: a range, or nothing that matters. */
function readRanges(reader: MessageReader): readonly RangeResponse[] {
  const ranges: RangeResponse[] = [];
  while (reader.next()) {
    if (reader.field === 1) ranges.push(readRange(reader.message()));
    else reader.skip();
  }
  return ranges;
}

const EMPTY = Buffer.alloc(0);

function readKeyValue(reader: MessageReader): KeyValue {
  let key: Buffer = EMPTY;
  let value: Buffer = EMPTY;
  let createRevision = 0;
  let modRevision = 0;
  while (reader.next()) {
    if (reader.field === 1) key = reader.bytes();
    else if (reader.field === 2) createRevision = reader.integer();
    else if (reader.field === 3) modRevision = reader.integer();
    else if (reader.field === 5) value = reader.bytes();
    else reader.skip();
  }
  return { key, createRevision, modRevision, value };
}

function readEvent(reader: MessageReader): WatchEvent {
  let deleted = false;
  let kv: KeyValue | undefined;
  while (reader.next()) {
    if (reader.field === 1) deleted = reader.integer() === DELETE_EVENT;
    else if (reader.field === 2) kv = readKeyValue(reader.message());
    else reader.skip();
  }
  return { key: EMPTY, createRevision: 0, modRevision: 0, value: EMPTY, ...kv, deleted };
}
