/** An agent's one-time registration token from a file, such as a mounted Secret, that somebody puts there. */
import { readFile } from 'node:fs/promises';
import { pause } from './client/pause.ts';
import type { Clock } from './runtime/clock.ts';
import type { Log } from './runtime/log.ts';

const LOOK_AGAIN_MS = 5_000;

/**
 * Resolves with what the file holds, as soon as it holds a token that was not given away before: a token that was
 * refused stays refused. Rejects when the signal is aborted.
 */
export function createTokenFile(options: {
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
}): (request: { readonly signal: AbortSignal }) => Promise<string> {
  const { file, clock, log } = options;
  let given = '';
  return async ({ signal }) => {
    for (let isFirst = true; ; isFirst = false) {
      const token = await read(file);
      if (token !== '' && token !== given) {
        given = token;
        return token;
      }
      if (isFirst) log.info('waiting for a registration token', { file, used: token !== '' });
      await pause(clock, LOOK_AGAIN_MS, signal);
    }
  };
}

/** Empty while there is none. */
async function read(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
