/**
 * The messages of the replay link, a closed list: anything else ends the session. Control messages are JSON in
 * text frames; a bundle travels as one binary frame (`frame.ts`).
 */
import { isObject } from '../../apiserver/api/json.ts';
import { flag, listOf, oneOf, record, text, whole, type Shape } from './shape.ts';

export const PROTOCOL = 'polder-replay/1';
/** Largest message of an agent; status and heartbeats are small by design. */
export const MAX_UPLINK_BYTES = 1024 * 1024;
/** Largest bundle frame; a bundle has to fit into one object of the API. */
export const MAX_DOWNLINK_BYTES = 4 * 1024 * 1024;

/** WebSocket close codes of the link, in the range left to applications. */
export const CLOSE = {
  protocolError: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  helloTimeout: 4408,
  superseded: 4409,
  slow: 4429,
  /** The hub cannot serve this session now, or wants it anew: dial again soon. */
  tryAgain: 1013,
} as const;

/** Position in the control plane's history: everything up to `rv` of `epoch` is durable on the agent. */
export interface Cursor {
  readonly epoch: number;
  readonly rv: number;
}

export type DownMessage =
  | { readonly type: 'CHALLENGE'; readonly nonce: string }
  | {
      readonly type: 'WELCOME';
      readonly proto: string;
      readonly epoch: number;
      readonly sessionId: string;
      readonly headRV: number;
      readonly heartbeatSeconds: number;
      readonly usageSeconds: number;
      readonly reconcileSeconds: number;
      /** The agent changes nothing on its plane and goes on reporting. */
      readonly paused: boolean;
      readonly serverTime: string;
      readonly mode: 'resume' | 'diff' | 'quarantine';
    }
  /** A signed tombstone; bundles themselves are binary frames. */
  | { readonly type: 'DEL'; readonly jws: string }
  | { readonly type: 'SNAP_BEGIN'; readonly rv: number }
  | { readonly type: 'SNAP_END'; readonly rv: number; readonly count: number; readonly digest: string }
  | { readonly type: 'BOOKMARK'; readonly rv: number }
  | { readonly type: 'HEAD'; readonly jws: string }
  | { readonly type: 'RV_AHEAD'; readonly headRV: number }
  | { readonly type: 'GOAWAY'; readonly reason: string; readonly reconnectInMs: number };

export interface Have {
  readonly uid: string;
  readonly gen: number;
  /** First 8 hex digits of the body's SHA-256. */
  readonly hash8: string;
}
const RESULT_STATES = ['Applied', 'Progressing', 'Nack', 'Contended', 'Deleted'] as const;
export type ResultState = (typeof RESULT_STATES)[number];
const OBJECT_HEALTH = ['Healthy', 'Progressing', 'Degraded', 'Unknown'] as const;
export interface ObjectResult {
  readonly id: string;
  readonly gvk: string;
  readonly namespace: string;
  readonly name: string;
  readonly health: (typeof OBJECT_HEALTH)[number];
  readonly message: string;
}
const COMPONENT_SYNC = ['Synced', 'OutOfSync', 'Unknown'] as const;
const COMPONENT_HEALTH = ['Healthy', 'Progressing', 'Suspended', 'Unknown', 'Missing', 'Degraded'] as const;
export interface ComponentHealth {
  readonly name: string;
  readonly sync: (typeof COMPONENT_SYNC)[number];
  readonly health: (typeof COMPONENT_HEALTH)[number];
  readonly version: string;
  readonly message: string;
}

export type UpMessage =
  | {
      readonly type: 'HELLO';
      readonly protos: readonly string[];
      readonly agentVersion: string;
      readonly instanceId: string;
      /** Of the cluster the agent runs in: a copy of its keys elsewhere is told apart by it. */
      readonly clusterUID: string;
      readonly cursor: Cursor;
      readonly digest: string;
      /** Compact JWS over the nonce, made with the plane's registered key. */
      readonly proof: string;
    }
  | { readonly type: 'HAVE'; readonly bundles: readonly Have[]; readonly last: boolean }
  | { readonly type: 'RECEIVED'; readonly rv: number }
  | {
      readonly type: 'RESULT';
      readonly uid: string;
      readonly gen: number;
      readonly state: ResultState;
      readonly objects: readonly ObjectResult[];
      readonly error: string;
    }
  | {
      readonly type: 'HB';
      readonly epoch: number;
      readonly rv: number;
      readonly digest: string;
      readonly bundles: number;
      /** Bundles that wait for their turn, and reports that wait for the link. */
      readonly queued: number;
      /** Cumulative over the life of the agent's directory. */
      readonly driftCorrected: number;
      readonly components: readonly ComponentHealth[];
      readonly clock: string;
    };
export type Up<T extends UpMessage['type']> = Extract<UpMessage, { readonly type: T }>;
export type Down<T extends DownMessage['type']> = Extract<DownMessage, { readonly type: T }>;

/** A message outside the closed list or out of shape. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

type Fields = Readonly<Record<string, Shape>>;
/** Agents are strangers: every value is checked down to the last member. */
const UP: Readonly<Record<UpMessage['type'], Fields>> = {
  HELLO: {
    protos: listOf(16, text(64)),
    agentVersion: text(64),
    instanceId: text(64),
    clusterUID: text(64),
    cursor: record({ epoch: whole, rv: whole }),
    digest: text(128),
    proof: text(4096),
  },
  HAVE: { bundles: listOf(2_000, record({ uid: text(64), gen: whole, hash8: text(8) })), last: flag },
  RECEIVED: { rv: whole },
  RESULT: {
    uid: text(64),
    gen: whole,
    state: oneOf(RESULT_STATES),
    objects: listOf(
      2_000,
      record({
        id: text(512),
        gvk: text(380),
        namespace: text(63),
        name: text(253),
        health: oneOf(OBJECT_HEALTH),
        message: text(1_024),
      }),
    ),
    error: text(1_024),
  },
  HB: {
    epoch: whole,
    rv: whole,
    digest: text(128),
    bundles: whole,
    queued: whole,
    driftCorrected: whole,
    components: listOf(
      256,
      record({
        name: text(63),
        sync: oneOf(COMPONENT_SYNC),
        health: oneOf(COMPONENT_HEALTH),
        version: text(64),
        message: text(1_024),
      }),
    ),
    clock: text(64),
  },
};
const DOWN: Readonly<Record<DownMessage['type'], Fields>> = {
  CHALLENGE: { nonce: text(128) },
  WELCOME: {
    proto: text(64),
    epoch: whole,
    sessionId: text(64),
    headRV: whole,
    heartbeatSeconds: whole,
    usageSeconds: whole,
    reconcileSeconds: whole,
    paused: flag,
    serverTime: text(64),
    mode: oneOf(['resume', 'diff', 'quarantine']),
  },
  DEL: { jws: text(8_192) },
  SNAP_BEGIN: { rv: whole },
  SNAP_END: { rv: whole, count: whole, digest: text(128) },
  BOOKMARK: { rv: whole },
  HEAD: { jws: text(8_192) },
  RV_AHEAD: { headRV: whole },
  GOAWAY: { reason: text(256), reconnectInMs: whole },
};

/** Parses what an agent sent; throws `ProtocolError`. Unknown fields are refused: nothing else may cross. */
export const parseUp = (json: string): UpMessage => parse(UP, json) as unknown as UpMessage;
/** Parses what the hub sent; throws `ProtocolError`. */
export const parseDown = (json: string): DownMessage => parse(DOWN, json) as unknown as DownMessage;

function parse(messages: Readonly<Record<string, Fields>>, json: string): Record<string, unknown> {
  const value = parseJson(json);
  const type = isObject(value) ? value['type'] : undefined;
  if (!isObject(value) || typeof type !== 'string' || !Object.hasOwn(messages, type)) {
    throw new ProtocolError(
      `message type ${typeof type === 'string' ? JSON.stringify(type.slice(0, 64)) : 'none'} is not part of ${PROTOCOL}`,
    );
  }
  const fields = messages[type] ?? {};
  for (const [field, shape] of Object.entries(fields)) {
    if (!Object.hasOwn(value, field) || !shape.fits(value[field])) {
      throw new ProtocolError(`${type}.${field} must be ${shape.name}`);
    }
  }
  const foreign = Object.keys(value).find((field) => field !== 'type' && !Object.hasOwn(fields, field));
  if (foreign !== undefined)
    throw new ProtocolError(`${type} has no field ${JSON.stringify(foreign.slice(0, 64))}`);
  return value;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new ProtocolError('message is not JSON', { cause: error });
  }
}
