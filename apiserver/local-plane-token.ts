/** The embedded agent's one-time token: asked for as soon as somebody creates the DataPlane it serves. */
import type { Client } from './client/client.ts';
import { createInformer } from './client/informer.ts';
import { DataPlane } from './kinds/data-plane.ts';
import { RegistrationToken } from './kinds/registration-token.ts';
import type { Clock } from './runtime/clock.ts';
import type { Log } from './runtime/log.ts';

/**
 * Resolves with a fresh token once the DataPlane is there. An agent whose identity is `refused` does not register
 * itself anew behind the back of whoever revoked it: it gets a token only for a DataPlane that never had an agent.
 */
export async function waitForRegistrationToken(
  client: Client,
  plane: string,
  deps: {
    readonly clock: Clock;
    readonly log: Log;
    readonly signal: AbortSignal;
    readonly refused: boolean;
  },
): Promise<string> {
  await untilRegistrable(client, plane, deps);
  const token = await client.create(RegistrationToken, {
    metadata: { name: `${plane}-embedded` },
    spec: { dataPlaneRef: plane },
  });
  const value = token.status?.token;
  if (value === undefined) throw new Error('the API server answered a RegistrationToken without token');
  return value;
}

async function untilRegistrable(
  client: Client,
  name: string,
  deps: Parameters<typeof waitForRegistrationToken>[2],
): Promise<void> {
  const { clock, log, signal, refused } = deps;
  const informer = createInformer(DataPlane, { client, clock, log, fieldSelector: `metadata.name=${name}` });
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  informer.onChange(({ type, object }) => {
    const isTaken = refused && object.status?.dataPlaneID !== undefined;
    if (type !== 'deleted' && !isTaken) resolve(undefined);
  });
  const stop = (): void => reject(new Error('stopped before the data plane was created'));
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) stop();
    informer.start();
    await promise;
  } finally {
    signal.removeEventListener('abort', stop);
    await informer.close();
  }
}
