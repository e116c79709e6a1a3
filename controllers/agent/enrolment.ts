/**
 * How the agent comes by its identity: from its disk, or from the control plane in exchange for a one-time token.
 * A registration once saved is never given up for a refusal; only a newer one replaces it.
 */
import { backoffMs } from '../../apiserver/client/backoff.ts';
import { pause } from '../../apiserver/client/pause.ts';
import type { Clock } from '../../apiserver/runtime/clock.ts';
import type { Log } from '../../apiserver/runtime/log.ts';
import type { PublicJwk } from '../replica/signature.ts';
import { loadKeys, loadRegistration, pinnedKeys, saveRegistration } from './identity.ts';
import type { AgentKeys, Registration } from './identity.ts';
import { TokenRefusedError, register } from './register.ts';
import type { StateFiles } from './state-files.ts';

export interface Identity {
  readonly keys: AgentKeys;
  readonly registration: Registration;
  readonly pinned: ReadonlyMap<string, PublicJwk>;
}

export interface TokenRequest {
  readonly signal: AbortSignal;
  /** The control plane refuses the identity that the agent has; false when it has none. */
  readonly refused: boolean;
}

export interface EnrolmentOptions {
  readonly hub: string;
  readonly ca: string | (() => string);
  readonly clusterUID: string;
  readonly version: string;
  readonly token: (request: TokenRequest) => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A token that is refused stays refused; asking for another one may take a person. */
const RETRY = { baseMs: 2_000, capMs: 300_000, floorMs: 1_000 };

/** What is on disk; undefined before the first registration. */
export async function storedIdentity(files: StateFiles): Promise<Identity | undefined> {
  const registration = loadRegistration(files);
  if (registration === undefined) return undefined;
  return { keys: await loadKeys(files), registration, pinned: await pinnedKeys(registration) };
}

/** Tries until it succeeds; rejects only when the signal is aborted. The result is on disk. */
export async function enrol(
  options: EnrolmentOptions,
  files: StateFiles,
  request: TokenRequest,
): Promise<Identity> {
  const { clock, log } = options;
  // Kept until the hub refuses it: a hub that did not answer, or that sent us on to another replica, has not used it.
  let token: string | undefined;
  for (let failures = 1; ; failures += 1) {
    try {
      token ??= await orAborted(options.token(request), request.signal);
      return await enrolWith(token, options, files);
    } catch (error) {
      request.signal.throwIfAborted();
      if (error instanceof TokenRefusedError) {
        token = undefined;
        log.error('registration token refused', { error: error.message });
      } else log.error('agent cannot register', { error });
    }
    await pause(clock, backoffMs(failures, RETRY), request.signal);
  }
}

async function enrolWith(token: string, options: EnrolmentOptions, files: StateFiles): Promise<Identity> {
  const { hub, ca, version, clusterUID, log } = options;
  const keys = await loadKeys(files);
  const registration = await register({
    hub,
    ca: typeof ca === 'function' ? ca() : ca,
    token,
    keys,
    agentVersion: version,
    clusterUID,
  });
  const pinned = await pinnedKeys(registration);
  await saveRegistration(files, registration);
  log.info('agent registered', { plane: registration.dataPlane, epoch: registration.epoch });
  return { keys, registration, pinned };
}

/** A source of tokens that does not look at the signal must not keep the agent from stopping. */
async function orAborted(token: Promise<string>, signal: AbortSignal): Promise<string> {
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(new Error('stopped before there was a token'));
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) stop();
    return await Promise.race([token, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
