/** Answers a RegistrationToken: mints the token, keeps only its hash with the DataPlane, shows it once. */
import { createHash, randomBytes } from 'node:crypto';
import { at, type JsonObject } from '../api/json.ts';
import { timestamp } from '../runtime/clock.ts';

const TOKEN_BYTES = 32;
const DEFAULT_TTL_SECONDS = 900;

export interface RegistrationDeps {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /**
   * Merges into `status.registration` of the DataPlane, as the controllers; null removes a field. A token that was
   * not redeemed yet is thereby void. Throws `ApiError` NotFound.
   */
  readonly writeRegistration: (dataPlane: string, registration: JsonObject) => Promise<void>;
}

/** How the hub finds the DataPlane a token is for. */
export const hashRegistrationToken = (token: string): string =>
  createHash('sha256').update(token).digest('hex');

/** The object with its status. A dry run mints nothing. */
export async function mintRegistrationToken(
  deps: RegistrationDeps,
  object: JsonObject,
  options: { readonly dryRun: boolean },
): Promise<JsonObject> {
  const ttl = at(object, 'spec.ttlSeconds');
  const ttlSeconds = typeof ttl === 'number' ? ttl : DEFAULT_TTL_SECONDS;
  const expiresAt = timestamp(deps.now() + ttlSeconds * 1000);
  if (options.dryRun) return { ...object, status: { expiresAt } };
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  await deps.writeRegistration(String(at(object, 'spec.dataPlaneRef')), {
    tokenHash: hashRegistrationToken(token),
    expiresAt,
    redeemedBy: null,
    redeemedAt: null,
  });
  return { ...object, status: { token, expiresAt } };
}
