/** The real server: `polder up` in a directory of its own on the server's core, and a client that may do everything. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NODE_FLAGS } from '../node-flags.ts';
import type { Bench } from './measure.ts';
import { residentBytes, type Program } from './machine.ts';
import { measured, type Measured } from './measured.ts';
import { dataPolicy, depot, TENANT } from './objects.ts';
import type { Load, LoadResult } from './programs/load.ts';

const LAUNCHER = join(import.meta.dirname, '../../apiserver/polder.js');
const READY_TIMEOUT_MS = 120_000;

export interface Polder {
  readonly url: string;
  readonly pid: number;
  /** ca.crt, client.crt and client.key of the administrator. */
  readonly pki: string;
  /** From the start of the process to the ready file. */
  readonly startedInMs: number;
  readonly client: Program;
  load(load: Partial<Load> & Pick<Load, 'method' | 'path'>): Promise<Measured>;
  residentBytes(): number;
  /** Orderly, as Ctrl-C does. */
  stop(): Promise<void>;
}

/** One request; a load says what is different. */
export const ONCE: Load = {
  connections: 1,
  seconds: 60,
  requests: 1,
  method: 'GET',
  path: '/',
  body: '',
  first: 0,
  keepBody: false,
};

/** Starts on `<scratch>/<name>`; a second start with the same name finds what the first left. */
export async function startPolder(bench: Bench, name: string): Promise<Polder> {
  const dataDir = join(bench.scratch, name);
  const { profileTo } = bench;
  const profile = profileTo === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileTo}`];
  const args = [
    ...profile,
    ...NODE_FLAGS,
    LAUNCHER,
    'up',
    '--data-dir',
    dataDir,
    '--port',
    '0',
    '--log-level',
    'error',
  ];
  const [command, commandArgs] = bench.machine.command('server', process.execPath, args);
  const startedMs = performance.now();
  const server = spawn(command, commandArgs, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ready = await untilReady(server, join(dataDir, 'ready.json'));
  const startedInMs = performance.now() - startedMs;
  const pki = unpack(ready.kubeconfig, join(bench.scratch, `${name}-pki`));
  const client = await bench.machine.start('client', 'load', [ready.url, pki]);
  return {
    url: ready.url,
    pid: ready.pid,
    pki,
    startedInMs,
    client,
    load: (load) => measured(ready.pid, async () => (await client.ask({ ...ONCE, ...load })) as LoadResult),
    residentBytes: () => residentBytes(ready.pid),
    stop: async () => {
      await client.stop();
      const exited = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await exited;
    },
  };
}

interface Ready {
  readonly url: string;
  readonly kubeconfig: string;
  readonly pid: number;
}

async function untilReady(server: ChildProcess, file: string): Promise<Ready> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (!existsSync(file)) {
    if (server.exitCode !== null) throw new Error(`polder ended with ${server.exitCode}`);
    if (performance.now() > deadlineMs) throw new Error(`polder was not ready in ${READY_TIMEOUT_MS} ms`);
    await delay(5);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Ready;
}

/** The three PEM files inside a kubeconfig. */
function unpack(kubeconfig: string, directory: string): string {
  const text = readFileSync(kubeconfig, 'utf8');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { mode: 0o700 });
  for (const [field, name] of [
    ['certificate-authority-data', 'ca.crt'],
    ['client-certificate-data', 'client.crt'],
    ['client-key-data', 'client.key'],
  ] as const) {
    const encoded = new RegExp(`${field}"?: *"?([A-Za-z0-9+/=]+)`).exec(text)?.[1] ?? '';
    writeFileSync(join(directory, name), Buffer.from(encoded, 'base64'), { mode: 0o600 });
  }
  return directory;
}

const NAMESPACE_PATH = '/apis/data.polder.dev/v1alpha1/namespaces/tn-bench';
/** What is created and read. */
export const OBJECTS_PATH = `${NAMESPACE_PATH}/datapolicies`;
const DEPOTS_PATH = `${NAMESPACE_PATH}/depots`;

/** Makes the tenant, waits until its namespace lets the administrator in, and makes the depot that policies name. */
export async function prepareTenant(polder: Polder): Promise<void> {
  const created = await polder.load({
    method: 'POST',
    path: '/apis/platform.polder.dev/v1alpha1/tenants',
    body: JSON.stringify(TENANT),
    keepBody: true,
  });
  expectStatus(created, 201);
  const deadlineMs = performance.now() + 30_000;
  for (;;) {
    const probe = await polder.load({
      method: 'POST',
      path: DEPOTS_PATH,
      body: JSON.stringify(depot('crm')),
      keepBody: true,
    });
    if (probe.statuses.has(201)) return;
    if (performance.now() > deadlineMs) throw new Error(`the tenant is not ready: ${probe.body.toString()}`);
    await delay(50);
  }
}

/** Creates objects `first` to `first + count - 1` over 32 connections. */
export const createObjects = (polder: Polder, first: number, count: number): Promise<Measured> =>
  createMany(polder, OBJECTS_PATH, { body: JSON.stringify(dataPolicy('{n}')), first, requests: count });

/** The same with depots, which a controller answers to. */
export const createDepots = (polder: Polder, first: number, count: number): Promise<Measured> =>
  createMany(polder, DEPOTS_PATH, { body: JSON.stringify(depot('{n}')), first, requests: count });

/** 32 connections unless `load` says otherwise. */
export async function createMany(
  polder: Polder,
  path: string,
  load: Pick<Load, 'body' | 'first' | 'requests'> & Partial<Load>,
): Promise<Measured> {
  const result = await polder.load({ connections: 32, seconds: 600, method: 'POST', path, ...load });
  expectStatus(result, 201);
  return result;
}

export function expectStatus(result: LoadResult, status: number): void {
  const others = [...result.statuses].filter(([one]) => one !== status);
  if (others.length === 0) return;
  throw new Error(
    `expected ${status} only, got ${JSON.stringify([...result.statuses])}: ${result.body.toString()}`,
  );
}
