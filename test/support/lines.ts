/** A log whose lines are kept, and waited for. */
import { systemClock } from '../../apiserver/runtime/clock.ts';
import { createLog, type Log } from '../../apiserver/runtime/log.ts';

export type Line = Readonly<Record<string, unknown>>;

/** Log lines, kept, and waited for. */
export interface Lines {
  readonly log: Log;
  readonly all: readonly Line[];
  /** The first line with this message that is or comes; rejects after 10 s. `from`: lines before do not count. */
  seen(message: string, fields?: Line, from?: number): Promise<Line>;
  /** Resolves when there were this many lines with this message; rejects after 10 s. */
  counted(message: string, count: number): Promise<void>;
}

const PATIENCE_MS = 20_000;

export function createLines(): Lines {
  const all: Line[] = [];
  const waiting = new Set<() => void>();
  const log = createLog({
    level: 'debug',
    write: (text) => {
      all.push(JSON.parse(text) as Line);
      for (const look of waiting) look();
    },
  });
  const until = <T>(what: string, look: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found === undefined) return;
        waiting.delete(check);
        cancel();
        resolve(found);
      };
      const cancel = systemClock.after(PATIENCE_MS, () => {
        waiting.delete(check);
        reject(new Error(`${what} was not logged; the last lines: ${JSON.stringify(all.slice(-5))}`));
      });
      waiting.add(check);
      check();
    });
  return {
    log,
    all,
    seen: (message, fields = {}, from = 0) =>
      until(`"${message}"`, () =>
        all.find(
          (line, index) =>
            index >= from &&
            line['msg'] === message &&
            Object.entries(fields).every(([field, value]) => line[field] === value),
        ),
      ),
    counted: async (message, count) => {
      const isMessage = ({ msg }: Line): boolean => msg === message;
      await until(`"${message}" ${count} times`, () => all.filter(isMessage)[count - 1]);
    },
  };
}
