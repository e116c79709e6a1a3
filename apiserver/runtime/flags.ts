/**
 * Command-line flags and their POLDER_* environment variables, declared once per command. The flag wins over
 * the variable, the variable over the default.
 */
import { parseArgs } from 'node:util';

export interface Flag {
  readonly help: string;
  /** Shown in --help and used when neither flag nor variable is given; absent means required or off. */
  readonly default?: string;
  /** A switch without value. */
  readonly boolean?: true;
  /** May be given several times; the variable is split at commas. */
  readonly multiple?: true;
  readonly oneOf?: readonly string[];
  /** Whole number within these bounds. */
  readonly range?: readonly [number, number];
}
export type Flags = Readonly<Record<string, Flag>>;
export type Values = Readonly<Record<string, readonly string[]>>;

/** A command line that cannot be obeyed; the message names what would be right. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const variableOf = (flag: string): string => `POLDER_${flag.replaceAll('-', '_').toUpperCase()}`;

/** Reads `args` and `env`; throws `UsageError`. Every value is a list: switches are `['true']`. */
export function readFlags(flags: Flags, args: readonly string[], env: NodeJS.ProcessEnv): Values {
  const given = parse(flags, args);
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => {
      const fromEnv = env[variableOf(name)];
      const values =
        given[name] ??
        (fromEnv === undefined || fromEnv === ''
          ? undefined
          : flag.multiple === true
            ? fromEnv.split(',')
            : [fromEnv]) ??
        (flag.default === undefined ? [] : [flag.default]);
      const source = given[name] === undefined ? variableOf(name) : `--${name}`;
      // An unset variable in a script must not mean the current directory, or anybody.
      if (given[name]?.includes('') === true)
        throw new UsageError(`${source} is empty; leave it out or give a value`);
      for (const value of values) checkValue(source, flag, value);
      return [name, values];
    }),
  );
}

function parse(flags: Flags, args: readonly string[]): Record<string, string[] | undefined> {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [
      name,
      {
        type: flag.boolean === true ? ('boolean' as const) : ('string' as const),
        multiple: flag.multiple === true,
      },
    ]),
  );
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        value === undefined ? undefined : (Array.isArray(value) ? value : [value]).map(String),
      ]),
    );
  } catch (error) {
    const names = Object.keys(flags).map((name) => `--${name}`);
    const why = error instanceof Error ? error.message.split('. ')[0] : String(error);
    throw new UsageError(`${why}; the flags are ${names.join(', ')}`, { cause: error });
  }
}

function checkValue(source: string, flag: Flag, value: string): void {
  if (flag.oneOf !== undefined && !flag.oneOf.includes(value)) {
    throw new UsageError(`${source} is "${value}"; it must be one of ${flag.oneOf.join(', ')}`);
  }
  if (flag.boolean === true && value !== 'true' && value !== 'false') {
    throw new UsageError(`${source} is "${value}"; it must be true or false`);
  }
  if (flag.range === undefined) return;
  const [from, to] = flag.range;
  const number = /^[0-9]{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= from && number <= to)) {
    throw new UsageError(`${source} is "${value}"; it must be a whole number from ${from} to ${to}`);
  }
}

/** One line per flag, for --help. */
export function describeFlags(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, flag]) => {
    const form = flag.boolean === true ? `--${name}` : `--${name} VALUE`;
    const fallback = flag.default === undefined ? '' : ` (default ${flag.default})`;
    return [form, `${flag.help}${fallback}  [${variableOf(name)}]`] as const;
  });
  const width = Math.max(...rows.map(([form]) => form.length));
  return rows.map(([form, help]) => `  ${form.padEnd(width)}  ${help}`).join('\n');
}
