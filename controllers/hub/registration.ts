/**
 * The exchange of a one-time registration token for an identity. Race safe: the redemption is one status update
 * guarded by resourceVersion, so of fifty parallel calls one wins. source: resource model 4.1, A1, A2.
 */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { ApiError, badRequest } from '../../apiserver/api/errors.ts';
import { isObject, type JsonObject } from '../../apiserver/api/json.ts';
import type { Client } from '../../apiserver/client/client.ts';
import type { PublicKey } from '../../apiserver/kinds/data-plane-status.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { timestamp } from '../../apiserver/runtime/clock.ts';
import { identityOf } from './plane-identity.ts';
import { SignatureError, sealingKeyOf, thumbprintOf, type PublicJwk } from '../replica/signature.ts';

export interface RegistrationRequest {
  readonly token: string;
  readonly sign: PublicJwk;
  /** Public key that credentials for this plane are sealed to. */
  readonly seal: PublicJwk;
  readonly agentVersion: string;
  readonly clusterUID: string;
}
export interface RegistrationAnswer {
  readonly dataPlane: string;
  readonly dataPlaneID: string;
  readonly epoch: number;
  /** Keys that bundles are signed with; the agent pins them. */
  readonly hubKeys: readonly PublicJwk[];
}

/** The same agent key may repeat the exchange for this long and gets the same answer: a lost reply is no lost plane. */
const REPEAT_MS = 5 * 60_000;
const MAX_ATTEMPTS = 100;
/** As long as DataPlane.status takes them. */
const MAX_TEXT = 64;
/** 256 bits, base64url, as the API server mints them. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Throws `ApiError` Unauthorized with `TokenUsed`, `TokenExpired` or `TokenUnknown` in front of the message. */
export async function redeem(
  client: Client,
  request: RegistrationRequest,
  deps: { readonly now: () => number; readonly hubKeys: readonly PublicJwk[] },
): Promise<RegistrationAnswer> {
  const thumbprint = await checkKeys(request);
  const hash = hashToken(request.token);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const plane = await findByToken(client, hash);
    const repeated = checkToken(plane, thumbprint, deps.now());
    const status = repeated ? plane.status : registeredStatus(plane, request, thumbprint, deps.now());
    try {
      if (!repeated) await client.updateStatus(DataPlane, { ...plane, status: status ?? {} });
      return {
        dataPlane: plane.metadata.name,
        dataPlaneID: status?.dataPlaneID ?? '',
        epoch: status?.epoch ?? 1,
        hubKeys: deps.hubKeys,
      };
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== 'Conflict') throw error;
      // Somebody wrote the DataPlane in between, perhaps a rival exchange: look again.
    }
  }
  throw new ApiError('ServiceUnavailable', 'the data plane is being written too often; try again');
}

/** Thumbprint of the signing key. What a session or a credential could not use later is refused now. */
async function checkKeys(request: RegistrationRequest): Promise<string> {
  try {
    sealingKeyOf(request.seal);
    return await thumbprintOf(request.sign);
  } catch (error) {
    if (error instanceof SignatureError) throw badRequest(error.message);
    throw error;
  }
}

async function findByToken(client: Client, hash: string): Promise<DataPlane> {
  const { items } = await client.list(DataPlane);
  const wanted = Buffer.from(hash);
  const plane = items.find((candidate) => {
    const stored = Buffer.from(candidate.status?.registration?.tokenHash ?? '');
    return stored.length === wanted.length && timingSafeEqual(stored, wanted);
  });
  if (plane === undefined) {
    throw new ApiError('Unauthorized', 'TokenUnknown: no data plane waits for this registration token');
  }
  return plane;
}

/** True when this very agent has redeemed the token a moment ago and is still the one that is registered. */
function checkToken(plane: DataPlane, thumbprint: string, now: number): boolean {
  const { redeemedBy, redeemedAt = '', expiresAt = '' } = plane.status?.registration ?? {};
  if (redeemedBy !== undefined) {
    const isRecent = now - Date.parse(redeemedAt) <= REPEAT_MS;
    if (redeemedBy === thumbprint && isRecent && identityOf(plane)?.kid === thumbprint) return true;
    throw new ApiError(
      'Unauthorized',
      'TokenUsed: this registration token was redeemed before; create a new one',
    );
  }
  if (!(now < Date.parse(expiresAt))) {
    throw new ApiError('Unauthorized', 'TokenExpired: this registration token has expired; create a new one');
  }
  return false;
}

function registeredStatus(
  plane: DataPlane,
  request: RegistrationRequest,
  thumbprint: string,
  now: number,
): NonNullable<DataPlane['status']> {
  const old = plane.status ?? {};
  return {
    ...old,
    phase: 'Registered',
    dataPlaneID: old.dataPlaneID ?? randomUUID(),
    clusterUID: request.clusterUID,
    registeredAt: old.registeredAt ?? timestamp(now),
    epoch: (old.epoch ?? 0) + 1,
    registration: { ...old.registration, redeemedBy: thumbprint, redeemedAt: timestamp(now) },
    publicKeys: {
      sign: publicPart(request.sign, thumbprint),
      seal: publicPart(request.seal, undefined),
    },
    agent: { ...old.agent, version: request.agentVersion },
  };
}

function publicPart(jwk: PublicJwk, kid: string | undefined): PublicKey {
  const { kty = '', crv = '', x = '', y } = jwk;
  return { kty, crv, x, ...(y === undefined ? {} : { y }), ...(kid === undefined ? {} : { kid }) };
}

/** Parses the body of `POST /hub/v1/register`; throws `ApiError` BadRequest, or Unauthorized for no token at all. */
export function parseRegistration(body: unknown): RegistrationRequest {
  const text = (field: string): string => {
    const value = isObject(body) ? body[field] : undefined;
    if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT) {
      throw badRequest(`${field} must be a string of 1 to ${MAX_TEXT} characters`);
    }
    return value;
  };
  const key = (field: string): JsonObject => {
    const value = isObject(body) ? body[field] : undefined;
    if (!isObject(value) || Object.hasOwn(value, 'd')) throw badRequest(`${field} must be a public JWK`);
    return value;
  };
  const token = text('token');
  if (!TOKEN.test(token)) {
    throw new ApiError('Unauthorized', 'TokenUnknown: this is not a registration token');
  }
  return {
    token,
    sign: key('sign') as PublicJwk,
    seal: key('seal') as PublicJwk,
    agentVersion: text('agentVersion'),
    clusterUID: text('clusterUID'),
  };
}
