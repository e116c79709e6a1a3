/**
 * Structured logs: one JSON object per line on standard error. Messages are constant, data goes into fields,
 * objects are named by `{ kind, namespace, name }`. Three levels: `error` (a person must act), `info` (state
 * changed), `debug`. Bodies and secret values are never passed in.
 */
export type Level = 'error' | 'info' | 'debug';
export const LEVELS: readonly Level[] = ['error', 'info', 'debug'];
export type Fields = Readonly<Record<string, unknown>>;

export interface Log {
  error(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
  /** A logger that adds `fields` to every line. */
  with(fields: Fields): Log;
}

interface LogOptions {
  /** Default `info`. */
  readonly level?: Level;
  /** Default: standard error. */
  readonly write?: (line: string) => void;
  readonly now?: () => Date;
}

export function createLog(options: LogOptions = {}): Log {
  const level = options.level ?? 'info';
  const write = options.write ?? ((line: string): void => void process.stderr.write(line));
  const now = options.now ?? ((): Date => new Date());
  const enabled = LEVELS.slice(0, LEVELS.indexOf(level) + 1);

  const logger = (base: Fields): Log => {
    const line = (at: Level, message: string, fields: Fields = {}): void => {
      if (!enabled.includes(at)) return;
      write(
        `${JSON.stringify({ ts: now().toISOString(), level: at, msg: message, ...base, ...plain(fields) })}\n`,
      );
    };
    return {
      error: (message, fields) => line('error', message, fields),
      info: (message, fields) => line('info', message, fields),
      debug: (message, fields) => line('debug', message, fields),
      with: (fields) => logger({ ...base, ...fields }),
    };
  };
  return logger({});
}

/** Errors do not survive JSON.stringify; their message (and stack) must. */
function plain(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error ? { message: value.message, stack: value.stack } : value,
    ]),
  );
}

/** For tests and for code that must stay silent. */
export const silentLog: Log = {
  error: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  with: () => silentLog,
};
