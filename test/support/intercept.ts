/** Stands between an agent and its plane's API: sees every call, and can fail or stop it before or after. */
import type { Client } from '../../apiserver/client/client.ts';

export interface PlaneCall {
  readonly verb: 'find' | 'apply' | 'delete';
  readonly kind: string;
  readonly name: string;
}
type Hook = (call: PlaneCall, signal: AbortSignal | undefined) => Promise<void> | void;
export interface Interception {
  /** Before the server sees the call. What it throws, the agent gets. */
  readonly before?: Hook;
  /** When the server has done it and the agent does not know yet. */
  readonly after?: Hook;
}

export function intercept(client: Client, { before, after }: Interception): Client {
  const around = async <R>(
    call: PlaneCall,
    signal: AbortSignal | undefined,
    run: () => Promise<R>,
  ): Promise<R> => {
    await before?.(call, signal);
    const result = await run();
    await after?.(call, signal);
    return result;
  };
  return {
    ...client,
    find: (resource, ref, options) =>
      around({ verb: 'find', kind: resource.kind, name: ref.name }, options?.signal, () =>
        client.find(resource, ref, options),
      ),
    apply: (resource, object, options) => {
      const name = object.metadata.name ?? '';
      return around({ verb: 'apply', kind: resource.kind, name }, options?.signal, () =>
        client.apply(resource, object, options),
      );
    },
    delete: (resource, ref, options) =>
      around({ verb: 'delete', kind: resource.kind, name: ref.name }, options?.signal, () =>
        client.delete(resource, ref, options),
      ),
  };
}

/** Rejects when the signal is aborted, and never otherwise: what a killed process leaves of a call. */
export const forever = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => {
    const end = (): void => reject(new Error('killed'));
    if (signal?.aborted === true) end();
    signal?.addEventListener('abort', end);
  });
