/** A real `polder up` in its own process on a fresh data directory, and real kubectl against it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
export interface Polder {
  readonly dir: string;
  readonly url: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly pid: number;
  /** Everything the process wrote to standard output and standard error so far. */
  output(): string;
  /** Runs real kubectl as the administrator, or with the kubeconfig of `as`. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<Output>;
  /** As `kubectl`, but fails unless the exit code is 0; standard output without the last newline. */
  ok(args: readonly string[], options?: KubectlOptions): Promise<string>;
  /** Mints a client certificate and returns the path of its kubeconfig. */
  user(name: string, ...groups: readonly string[]): Promise<string>;
  /** Resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number>;
  /** Starts again on the same data directory and port. */
  restart(): Promise<Polder>;
  /** Stops and removes the data directory. */
  remove(): Promise<void>;
}
export interface KubectlOptions {
  readonly as?: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default 60 s. */
  readonly timeoutMs?: number;
}

const START_MS = 30_000;

/** Starts the server; `dir` default: a fresh temporary directory. */
export async function startPolder(
  options: {
    readonly dir?: string;
    /** Default: any free one. */
    readonly port?: string;
    readonly args?: readonly string[];
    readonly env?: Record<string, string>;
  } = {},
): Promise<Polder> {
  const dir = options.dir ?? join(mkdtempSync(join(tmpdir(), 'polder-e2e-')), 'data');
  const child = spawn(
    process.execPath,
    [
      'apiserver/polder.js',
      'up',
      `--data-dir=${dir}`,
      `--port=${options.port ?? '0'}`,
      // With POLDER_STORE=etcd and POLDER_ETCD_SERVERS, suites run on etcd: each server under a prefix of its own.
      ...(process.env['POLDER_STORE'] === 'etcd' ? ['--etcd-prefix', dir] : []),
      ...(options.args ?? []),
    ],
    { cwd: ROOT, env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const exited = new Promise<number>((done) =>
    child.on('close', (code, signal) => done(code ?? (signal === null ? 1 : 128))),
  );
  await Promise.race([
    untilText(child, () => text, 'Polder is ready'),
    exited.then((code) => {
      throw new Error(`polder exited with ${code} before it was ready:\n${text}`);
    }),
  ]);
  const ready = JSON.parse(readFileSync(join(dir, 'ready.json'), 'utf8')) as {
    url: string;
    kubeconfig: string;
    pid: number;
  };
  const kubectl = (args: readonly string[], kubectlOptions: KubectlOptions = {}): Promise<Output> =>
    run('kubectl', args, {
      ...kubectlOptions,
      env: { KUBECONFIG: kubectlOptions.as ?? ready.kubeconfig, ...kubectlOptions.env },
    });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number> => {
    child.kill(signal);
    return exited;
  };
  return {
    dir,
    ...ready,
    output: () => text,
    kubectl,
    ok: async (args, kubectlOptions) => {
      const output = await kubectl(args, kubectlOptions);
      if (output.code !== 0) {
        throw new Error(
          `kubectl ${args.join(' ')} exited with ${output.code}:\n${output.stdout}${output.stderr}`,
        );
      }
      return output.stdout.replace(/\n$/, '');
    },
    user: async (name, ...groups) => {
      const file = join(dir, `${name}.kubeconfig`);
      const flags = groups.flatMap((group) => ['--group', group]);
      const args = ['apiserver/polder.js', 'kubeconfig', '--data-dir', dir, '--user', name, ...flags];
      const minted = await run(process.execPath, args, {});
      if (minted.code !== 0) throw new Error(minted.stderr);
      writeFileSync(file, minted.stdout, { mode: 0o600 });
      return file;
    },
    stop,
    restart: () => startPolder({ ...options, dir, port: new URL(ready.url).port }),
    remove: async () => {
      if (child.exitCode === null && child.signalCode === null) await stop('SIGKILL');
      rmSync(resolve(dir, '..'), { recursive: true, force: true });
    },
  };
}

/** Runs a program to its end; a program that does not end in time is killed and reported with code 124. */
export function run(program: string, args: readonly string[], options: KubectlOptions): Promise<Output> {
  const child = spawn(program, [...args], { cwd: ROOT, env: { ...process.env, ...options.env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => {
      clearTimeout(timer);
      done({ code: code ?? 124, stdout, stderr });
    });
  });
}

/** Resolves as soon as the text shows up in what a process writes. */
function untilText(child: ChildProcess, text: () => string, wanted: string): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`"${wanted}" did not show up:\n${text()}`)), START_MS);
    const check = (): void => {
      if (!text().includes(wanted)) return;
      clearTimeout(timer);
      done();
    };
    child.stdout?.on('data', check);
    check();
  });
}

/** Resolves when `condition` holds; asks again whenever kubectl's watch of `resource` reports something. */
export async function eventually(
  polder: Polder,
  resource: readonly string[],
  condition: () => Promise<boolean>,
  options: { readonly as?: string; readonly timeoutMs?: number } = {},
): Promise<void> {
  const limitMs = options.timeoutMs ?? 20_000;
  const watcher = spawn('kubectl', ['get', ...resource, '-w', '-o', 'name'], {
    env: { ...process.env, KUBECONFIG: options.as ?? polder.kubeconfig },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let wake = (): void => undefined;
  watcher.stdout.on('data', () => wake());
  watcher.once('close', () => wake());
  const deadline = Date.now() + limitMs;
  try {
    for (;;) {
      // Once a second at the latest: not every condition is about the watched resource alone.
      const changed = new Promise<void>((done) => {
        wake = done;
        setTimeout(done, Math.max(0, Math.min(1_000, deadline - Date.now()))).unref();
      });
      if (await condition()) return;
      if (Date.now() >= deadline) {
        throw new Error(`${resource.join(' ')}: the condition did not hold in ${limitMs} ms`);
      }
      await changed;
    }
  } finally {
    watcher.kill('SIGKILL');
  }
}
