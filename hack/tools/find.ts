/** Where each Kubernetes program is: KUBEBUILDER_ASSETS, then what `npm run tools` built, then a recent enough etcd. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, globSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PROGRAMS, programNamed, type Program } from './programs.ts';

/** kube-apiserver needs watch progress, which etcd 3.4 has not and 3.5 reports reliably only from here on. */
const OLDEST_ETCD = [3, 5, 13] as const;

/** Flags of `go build` that change what comes out. */
export function buildFlags(program: Program): readonly string[] {
  const variables = Object.entries(program.variables).map(([name, value]) => `-X ${name}=${value}`);
  const pins = program.modFile === undefined ? [] : [`-modfile=${program.modFile}`];
  return [...pins, '-trimpath', '-ldflags', ['-s', '-w', ...variables].join(' ')];
}

/** POLDER_TOOLS_DIR, else `polder/tools` below the user's cache directory. */
export function cacheRoot(): string {
  const chosen = process.env['POLDER_TOOLS_DIR'] ?? '';
  if (chosen !== '') return chosen;
  const xdg = process.env['XDG_CACHE_HOME'] ?? '';
  return join(xdg === '' ? join(homedir(), '.cache') : xdg, 'polder', 'tools');
}

/** Path of the built program, whether it exists or not: another version or other flags are another path. */
export function cachedPath(program: Program): string {
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch]));
  for (const file of sourcesOf(program)) hash.update(readFileSync(join(moduleFolder(program), file)));
  hash.update(JSON.stringify(buildFlags(program)));
  const key = hash.digest('hex').slice(0, 16);
  return join(cacheRoot(), `${program.module}-${key}`, program.name);
}

export const moduleFolder = (program: Program): string => join(import.meta.dirname, program.module);

/** What decides which program comes out: the pinned versions, and the source where it is ours. */
function sourcesOf(program: Program): readonly string[] {
  const modFile = program.modFile ?? 'go.mod';
  const pins = [modFile, modFile.replace(/\.mod$/, '.sum')];
  return [...pins, ...globSync('**/*.go', { cwd: moduleFolder(program) }).toSorted()];
}

/** Absolute path of a program that can be run now, or undefined when it has to be built first. */
export function findTool(name: string): string | undefined {
  const program = programNamed(name);
  const assets = process.env['KUBEBUILDER_ASSETS'] ?? '';
  const asset = assets === '' ? undefined : join(assets, name);
  if (asset !== undefined && isProgram(asset)) return asset;
  const cached = cachedPath(program);
  if (isProgram(cached)) return cached;
  return name === 'etcd' ? distributionEtcd() : undefined;
}

/** Folders of the programs that are there, each once; to be put before PATH. */
export function toolFolders(): readonly string[] {
  const paths = PROGRAMS.map((program) => findTool(program.name)).filter((path) => path !== undefined);
  return [...new Set(paths.map((path) => join(path, '..')))];
}

/** The named programs that have to be built first; default all that are not built on request only. */
export function missingTools(names?: readonly string[]): readonly Program[] {
  const wanted = names === undefined ? PROGRAMS.filter((each) => !each.onRequest) : names.map(programNamed);
  return wanted.filter((program) => findTool(program.name) === undefined);
}

export function inPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function distributionEtcd(): string | undefined {
  const path = inPath('etcd');
  if (path === undefined) return undefined;
  try {
    return isRecentEtcd(execFileSync(path, ['--version'], { encoding: 'utf8' })) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Reads what `etcd --version` prints; false for what it cannot read. */
export function isRecentEtcd(text: string): boolean {
  const version = /^etcd Version: (\d+)\.(\d+)\.(\d+)\s*$/m.exec(text)?.slice(1).map(Number);
  if (version === undefined) return false;
  const different = OLDEST_ETCD.findIndex((part, index) => version[index] !== part);
  return different === -1 || (version[different] ?? 0) > (OLDEST_ETCD[different] ?? 0);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
