/** Builds missing Kubernetes programs from their pinned Go modules into the cache, with a line per program. */
import { spawn } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { buildFlags, cachedPath, findTool, inPath, moduleFolder } from './find.ts';
import { withLock } from './lock.ts';
import type { Program } from './programs.ts';

/** Why nothing can be built here, or undefined when it can. */
export function cannotBuild(): string | undefined {
  if (inPath('go') !== undefined) return undefined;
  return 'Go is not in PATH, and KUBEBUILDER_ASSETS names no folder with the programs';
}

/** Rejects with what the Go command wrote when a build fails. */
export async function buildTools(programs: readonly Program[], say: (line: string) => void): Promise<void> {
  for (const program of programs) {
    const target = cachedPath(program);
    mkdirSync(dirname(target), { recursive: true });
    const waiting = (): void => say(`${program.name}: another run is building it, waiting`);
    await withLock(`${target}.lock`, waiting, async () => {
      if (findTool(program.name) !== undefined) return;
      say(`${program.name}: building from ${program.package}`);
      const started = Date.now();
      await build(program, target);
      say(`${program.name}: built in ${Math.round((Date.now() - started) / 1_000)} s: ${target}`);
    });
  }
}

async function build(program: Program, target: string): Promise<void> {
  const unfinished = `${target}.${process.pid}`;
  try {
    await go(program, ['build', ...buildFlags(program), '-o', unfinished, program.package]);
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/** At low priority: somebody may be working on this machine. */
function go(program: Program, args: readonly string[]): Promise<void> {
  const child = spawn('nice', ['go', ...args], {
    cwd: moduleFolder(program),
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-8_000)));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`go build of ${program.name} failed (${code ?? 'killed'}):\n${complaint}`));
    });
  });
}
