/** One program of a test control plane: started, waited for until it answers, stopped, started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isAbsolute } from 'node:path';
import { findTool } from '../../hack/tools/find.ts';
import type { Keeper } from './cluster-keeper.ts';

export interface PartOptions {
  /** Name of a program that `npm run tools` builds, or an absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Default: that of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** File for everything the program writes. */
  readonly log: string;
  /** A GET that answers 200 once the program is ready. */
  readonly ready: Probe;
  readonly keeper: Keeper;
}

export interface Probe {
  readonly url: string;
  readonly token?: string;
  /** PEM. */
  readonly ca?: string;
  /** Whoever answers is believed. */
  readonly insecure?: boolean;
}

export interface Part {
  readonly log: string;
  /** Undefined while stopped. */
  pid(): number | undefined;
  /** Resolves when it is ready; rejects with the end of its log when it exits first or needs more than 30 s. */
  start(): Promise<void>;
  /** Resolves when it is gone. Default signal SIGTERM. Does nothing while stopped. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** From now on it does nothing, with its connections open, until `thaw`. Throws while stopped. */
  freeze(): void;
  thaw(): void;
}

const READY_MS = 30_000;
const ASK_AGAIN_MS = 50;

export function createPart({ program, args, env, log, ready, keeper }: PartOptions): Part {
  let child: ChildProcess | undefined;
  let exited = Promise.resolve();
  const start = async (): Promise<void> => {
    if (child !== undefined) throw new Error(`${program} is already running`);
    const path = pathOf(program);
    const output = openSync(log, 'a');
    const started = spawn(path, [...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    child = started;
    const { pid } = started;
    try {
      if (pid !== undefined) keeper.watch(pid);
    } catch (error) {
      started.kill('SIGKILL');
      throw error;
    }
    exited = new Promise((resolve) => {
      const gone = (): void => {
        child = undefined;
        if (pid !== undefined) keeper.forget(pid);
        resolve();
      };
      started.on('error', gone);
      started.on('exit', gone);
    });
    const deadline = Date.now() + READY_MS;
    while (!(await answers(ready))) {
      if (child !== started) throw new Error(`${program} ended before it was ready:\n${endOf(log)}`);
      if (Date.now() > deadline) throw new Error(`${program} is not ready:\n${endOf(log)}`);
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  };
  const send = (signal: 'SIGSTOP' | 'SIGCONT'): void => {
    if (child?.kill(signal) !== true) throw new Error(`${program} is not running`);
  };
  return {
    log,
    pid: () => child?.pid,
    start,
    stop: async (signal = 'SIGTERM') => {
      child?.kill(signal);
      await exited;
    },
    freeze: () => send('SIGSTOP'),
    thaw: () => send('SIGCONT'),
  };
}

/** True when the answer is 200. */
export const answers = async (probe: Probe): Promise<boolean> => (await ask(probe)) === 200;

/** The status of the answer; undefined: none within 2 s; 0: nobody listens, or the connection broke. */
export function ask({ url, token, ca, insecure = false }: Probe): Promise<number | undefined> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const trust = { rejectUnauthorized: !insecure, ...(ca === undefined ? {} : { ca }) };
  const options = { headers, agent: false, timeout: 2_000, ...trust };
  return new Promise((resolve) => {
    const request = (url.startsWith('https:') ? requestHttps : requestHttp)(url, options, (response) => {
      response.resume();
      response.on('close', () => resolve(response.statusCode));
    });
    request.on('timeout', () => {
      resolve(undefined);
      request.destroy();
    });
    request.on('error', () => resolve(0));
    request.end();
  });
}

function endOf(log: string): string {
  return readFileSync(log, 'utf8').slice(-4_000);
}

function pathOf(program: string): string {
  const path = isAbsolute(program) ? program : findTool(program);
  if (path === undefined) throw new Error(`${program} is not built yet: run \`npm run tools\``);
  return path;
}
