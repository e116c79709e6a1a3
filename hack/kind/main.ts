/**
 * `npm run kind:up` and `npm run kind:down`: Polder in a cluster on this machine. Up can be repeated: what is there
 * is kept, what is old is replaced. `BASE_IMAGE` and `NODE_IMAGE` name what our image and kind's node are made from, where
 * their own registries cannot be reached.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { installPolder } from './install.ts';
import { MissingProgramsError, requirePrograms, run, type Programs } from './programs.ts';
import { smokeTest } from './smoke.ts';
import type { Target } from './target.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const NAME = 'polder';
const CONTEXT = `kind-${NAME}`;
const ROLLOUT_TIMEOUT = '--timeout=180s';

async function up(): Promise<void> {
  const programs = await requirePrograms(['docker', 'kind', 'kubectl']);
  await ensureCluster(programs);
  await loadImage(programs);
  const target = clusterTarget(programs);
  await installPolder(target);
  await smokeTest(target);
  say(`Polder runs in the cluster ${CONTEXT}: kubectl --context ${CONTEXT} get tenants`);
}

async function down(): Promise<void> {
  const programs = await requirePrograms(['docker', 'kind']);
  if (!(await isThere(programs))) {
    say(`there is no cluster ${NAME}`);
    return;
  }
  await must(programs.kind, ['delete', 'cluster', '--name', NAME]);
}

async function isThere({ kind }: Programs): Promise<boolean> {
  const { stdout } = await must(kind, ['get', 'clusters'], false);
  return stdout.split('\n').includes(NAME);
}

async function ensureCluster(programs: Programs): Promise<void> {
  if (await isThere(programs)) {
    // The kubeconfig may be another one than when the cluster was made.
    await must(programs.kind, ['export', 'kubeconfig', '--name', NAME], false);
    say(`the cluster ${NAME} is there`);
    return;
  }
  await must(programs.kind, [
    'create',
    'cluster',
    '--config',
    join(import.meta.dirname, 'cluster.yaml'),
    // Default: the one that belongs to this version of kind, by its digest.
    ...(process.env['NODE_IMAGE'] ? ['--image', process.env['NODE_IMAGE']] : []),
    '--wait',
    '120s',
  ]);
}

async function loadImage({ docker, kind }: Programs): Promise<void> {
  const image = `polder:${version()}`;
  const base = process.env['BASE_IMAGE'] ?? '';
  const argument = base === '' ? [] : ['--build-arg', `BASE_IMAGE=${base}`];
  await must(docker, ['build', ...argument, '--tag', image, ROOT]);
  await must(kind, ['load', 'docker-image', image, '--name', NAME]);
}

function version(): string {
  const parsed = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
  return parsed.version;
}

/** The cluster runs what is in the manifests by itself. */
function clusterTarget({ kubectl }: Programs): Target {
  const ask = async (args: readonly string[], input?: string): Promise<string> => {
    const options = input === undefined ? {} : { input };
    const { code, stdout, stderr } = await run(kubectl, ['--context', CONTEXT, ...args], options);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
    return stdout.trimEnd();
  };
  return {
    say,
    kubectl: ask,
    apply: async (folder) => {
      await ask(['apply', '-k', join(ROOT, folder)]);
    },
    running: async (namespace, deployments) => {
      // The tag of the image stays the same: without this a pod would keep the image of an earlier run.
      const names = deployments.map((name) => `deployment/${name}`);
      await ask(['rollout', 'restart', '-n', namespace, ...names]);
      for (const name of names) await ask(['rollout', 'status', '-n', namespace, name, ROLLOUT_TIMEOUT]);
    },
  };
}

async function must(
  program: string,
  args: readonly string[],
  live = true,
): Promise<{ readonly stdout: string }> {
  const result = await run(program, args, { live });
  if (result.code === 0) return result;
  throw new Error(`${program} ${args.join(' ')} exited with ${result.code}: ${live ? '' : result.stderr}`);
}

const say = (line: string): void => console.log(line);

const COMMANDS: Readonly<Record<string, () => Promise<void>>> = { up, down };

async function main(name = ''): Promise<number> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    console.error(`usage: main.ts ${Object.keys(COMMANDS).join('|')}`);
    return 2;
  }
  try {
    await command();
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(error instanceof MissingProgramsError ? error.message : `kind: ${error.message}`);
    return 1;
  }
}

process.exitCode = await main(process.argv[2]);
