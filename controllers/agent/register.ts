/** Exchanges the one-time token for this plane's identity, over the same outbound HTTPS as everything else. */
import { request } from 'node:https';
import { isObject } from '../../apiserver/api/json.ts';
import type { PublicJwk } from '../replica/signature.ts';
import type { AgentKeys, Registration } from './identity.ts';

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/** The hub refused the token for good (used, expired, unknown): only a new token helps. */
export class TokenRefusedError extends Error {
  override readonly name = 'TokenRefusedError';
}

export async function register(options: {
  /** `https://host:port` of the hub. */
  readonly hub: string;
  readonly ca: string;
  readonly token: string;
  readonly keys: AgentKeys;
  readonly agentVersion: string;
  readonly clusterUID: string;
}): Promise<Registration> {
  const { status, body } = await post(`${options.hub}/hub/v1/register`, options.ca, {
    token: options.token,
    sign: options.keys.signPublic,
    seal: options.keys.sealPublic,
    agentVersion: options.agentVersion,
    clusterUID: options.clusterUID,
  });
  if (status === 200) return parseAnswer(body);
  const message = isObject(body) && typeof body['message'] === 'string' ? body['message'] : `HTTP ${status}`;
  throw status === 401 ? new TokenRefusedError(message) : new Error(`registration failed: ${message}`);
}

function parseAnswer(body: unknown): Registration {
  const { dataPlane, dataPlaneID, epoch, hubKeys } = isObject(body) ? body : {};
  if (
    typeof dataPlane !== 'string' ||
    typeof dataPlaneID !== 'string' ||
    typeof epoch !== 'number' ||
    !Array.isArray(hubKeys)
  ) {
    throw new Error('the hub answered the registration with something else than an identity');
  }
  return { dataPlane, dataPlaneID, epoch, hubKeys: hubKeys as unknown as readonly PublicJwk[] };
}

function post(
  url: string,
  ca: string,
  body: object,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const call = request(url, { method: 'POST', ca, headers, timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) call.destroy(new Error('the hub answers too much'));
        chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve({
            status: response.statusCode ?? 0,
            body: JSON.parse(Buffer.concat(chunks).toString('utf8')),
          });
        } catch (error) {
          reject(new Error('the hub answered the registration with no JSON', { cause: error }));
        }
      });
    });
    call.on('timeout', () => call.destroy(new Error('the hub did not answer the registration in time')));
    call.on('error', reject);
    call.end(text);
  });
}
