/** The machine of a run: the server's processes on one core, the client's on another, when it can be arranged. */
import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';

export type Side = 'server' | 'client';
const CORE: Readonly<Record<Side, string>> = { server: '0', client: '1' };

export interface Machine {
  readonly description: string;
  /** Empty when both sides have a core of their own. */
  readonly warning: string;
  /** Command and arguments that run `program` with `args` on that side's core. */
  command(side: Side, program: string, args: readonly string[]): readonly [string, readonly string[]];
  /** Starts `hack/bench/programs/<name>.ts`, which answers messages; see `Program`. */
  start(side: Side, name: string, args?: readonly string[]): Promise<Program>;
}

/** A child process that answers each message it is sent with one message. */
export interface Program {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly ready: unknown;
  ask(question: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

export function inspectMachine(): Machine {
  return machineThat(canPin() && availableParallelism() >= 2);
}

/** Both sides on whatever core is free. */
export const unpinned = (machine: Machine): Machine => ({
  ...machineThat(false),
  description: machine.description,
  warning: '',
});

function machineThat(pins: boolean): Machine {
  return {
    description: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, node ${process.version}`,
    warning: pins
      ? ''
      : 'taskset or a second core is missing: server and client share the cores, ratios are rough',
    command: (side, program, args) =>
      pins ? ['taskset', ['-c', CORE[side], program, ...args]] : [program, args],
    start: async (side, name, args = []) => {
      const file = join(import.meta.dirname, 'programs', `${name}.ts`);
      const child = fork(file, args, {
        serialization: 'advanced',
        execPath: pins ? 'taskset' : process.execPath,
        execArgv: pins ? ['-c', CORE[side], process.execPath] : [],
      });
      return startProgram(name, child);
    },
  };
}

function canPin(): boolean {
  try {
    execFileSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function startProgram(name: string, child: ChildProcess): Promise<Program> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const answer = (): Promise<unknown> =>
    Promise.race([
      new Promise((resolve) => child.once('message', resolve)),
      ended.then(() => {
        throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}`);
      }),
    ]);
  const ready = await answer();
  return {
    pid: child.pid ?? 0,
    ready,
    ask: (question) => {
      const answered = answer();
      child.send(question as object);
      return answered;
    },
    stop: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** Resident memory of a process in bytes; Linux only, 0 elsewhere. */
export function residentBytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Processor time a process has used so far, all threads, in microseconds; Linux only, 0 elsewhere. */
export function processorUs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // utime and stime are the 14th and 15th field; the 2nd may hold spaces. In ticks of 10 ms: man 5 proc_pid_stat.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return 0;
  }
}
