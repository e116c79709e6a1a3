/** What `npm run kind:up` needs on this machine, and how to come by it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findTool } from '../tools/find.ts';

export interface Programs {
  readonly docker: string;
  readonly kind: string;
  readonly kubectl: string;
}

const HOW: Readonly<Record<keyof Programs, string>> = {
  docker:
    'a container engine with the command docker that answers `docker info`; see https://docs.docker.com/engine/install/',
  kind: 'kind: `npm run tools -- kind` builds it (needs Go), or see https://kind.sigs.k8s.io/docs/user/quick-start/#installation',
  kubectl:
    'kubectl: `npm run tools -- kubectl` builds it (needs Go), or see https://kubernetes.io/docs/tasks/tools/#kubectl',
};

/** Something is not there; the message says what, and how to get it. */
export class MissingProgramsError extends Error {
  override readonly name = 'MissingProgramsError';
}

/** Rejects with `MissingProgramsError` that names everything at once. */
export async function requirePrograms(names: readonly (keyof Programs)[]): Promise<Programs> {
  const found: Record<keyof Programs, string> = {
    docker: inPath('docker') ?? '',
    kind: inPath('kind') ?? findTool('kind') ?? '',
    kubectl: inPath('kubectl') ?? findTool('kubectl') ?? '',
  };
  if (found.docker !== '' && !(await answers(found.docker))) found.docker = '';
  const missing = names.filter((name) => found[name] === '');
  if (missing.length === 0) return found;
  const lines = missing.map((name) => `  - ${HOW[name]}`);
  throw new MissingProgramsError(`this machine lacks:\n${lines.join('\n')}`);
}

function inPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** A command without an engine behind it is no engine. */
const answers = async (docker: string): Promise<boolean> =>
  (await run(docker, ['info', '--format', '{{.ServerVersion}}'])).code === 0;

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. `live`: what it writes is shown as it comes, beside being collected. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly input?: string; readonly live?: boolean; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Result> {
  const child = spawn(program, [...args], { env: { ...process.env, ...options.env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (options.live === true) process.stdout.write(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (options.live === true) process.stderr.write(chunk);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => done({ code: code ?? 1, stdout, stderr }));
  });
}
