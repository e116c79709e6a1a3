/**
 * The messages of the replay link, a closed list: anything else ends the session. Control messages are JSON in
 * text frames; a bundle travels as one binary frame (`frame.ts`).
 */
import { isObject } from '../../apiserver/api/json.ts';

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
export type ResultState = 'Applied' | 'Progressing' | 'Nack' | 'Contended' | 'Deleted';
export interface ObjectResult {
  readonly id: string;
  readonly gvk: string;
  readonly namespace: string;
  readonly name: string;
  readonly health: 'Healthy' | 'Progressing' | 'Degraded' | 'Unknown';
  readonly message: string;
}
export interface ComponentHealth {
  readonly name: string;
  readonly sync: string;
  readonly health: string;
  readonly version: string;
}

export type UpMessage =
  | {
      readonly type: 'HELLO';
      readonly protos: readonly string[];
      readonly agentVersion: string;
      readonly instanceId: string;
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
      readonly queued: number;
      readonly driftCorrected: number;
      readonly components: readonly ComponentHealth[];
      readonly clock: string;
    };

/** A message outside the closed list or out of shape. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

type Shape = Readonly<Record<string, 'string' | 'number' | 'boolean' | 'array' | 'object'>>;
const UP: Readonly<Record<UpMessage['type'], Shape>> = {
  HELLO: {
    protos: 'array',
    agentVersion: 'string',
    instanceId: 'string',
    cursor: 'object',
    digest: 'string',
    proof: 'string',
  },
  HAVE: { bundles: 'array', last: 'boolean' },
  RECEIVED: { rv: 'number' },
  RESULT: { uid: 'string', gen: 'number', state: 'string', objects: 'array', error: 'string' },
  HB: {
    epoch: 'number',
    rv: 'number',
    digest: 'string',
    bundles: 'number',
    queued: 'number',
    driftCorrected: 'number',
    components: 'array',
    clock: 'string',
  },
};
const DOWN: Readonly<Record<DownMessage['type'], Shape>> = {
  CHALLENGE: { nonce: 'string' },
  WELCOME: {
    proto: 'string',
    epoch: 'number',
    sessionId: 'string',
    headRV: 'number',
    heartbeatSeconds: 'number',
    usageSeconds: 'number',
    serverTime: 'string',
    mode: 'string',
  },
  DEL: { jws: 'string' },
  SNAP_BEGIN: { rv: 'number' },
  SNAP_END: { rv: 'number', count: 'number', digest: 'string' },
  BOOKMARK: { rv: 'number' },
  HEAD: { jws: 'string' },
  RV_AHEAD: { headRV: 'number' },
  GOAWAY: { reason: 'string', reconnectInMs: 'number' },
};

/** Parses what an agent sent; throws `ProtocolError`. Unknown fields are refused: nothing else may cross. */
export const parseUp = (text: string): UpMessage => parse(UP, text) as unknown as UpMessage;
/** Parses what the hub sent; throws `ProtocolError`. */
export const parseDown = (text: string): DownMessage => parse(DOWN, text) as unknown as DownMessage;

function parse(shapes: Readonly<Record<string, Shape>>, text: string): Record<string, unknown> {
  const value = parseJson(text);
  const type = isObject(value) ? value['type'] : undefined;
  if (!isObject(value) || typeof type !== 'string' || !Object.hasOwn(shapes, type)) {
    throw new ProtocolError(
      `message type ${typeof type === 'string' ? JSON.stringify(type.slice(0, 64)) : 'none'} is not part of ${PROTOCOL}`,
    );
  }
  const shape = shapes[type] ?? {};
  for (const [field, wanted] of Object.entries(shape)) {
    const found = value[field];
    const actual = Array.isArray(found) ? 'array' : typeof found;
    if (actual !== wanted) throw new ProtocolError(`${type}.${field} must be of type ${wanted}`);
  }
  const foreign = Object.keys(value).find((field) => field !== 'type' && !Object.hasOwn(shape, field));
  if (foreign !== undefined)
    throw new ProtocolError(`${type} has no field ${JSON.stringify(foreign.slice(0, 64))}`);
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProtocolError('message is not JSON', { cause: error });
  }
}
