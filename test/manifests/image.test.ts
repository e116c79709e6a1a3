/** The container image: what the Dockerfile copies and installs is enough to run, and an engine can build it. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { NODE_FLAGS } from '../../hack/node-flags.ts';
import { ROOT, run } from '../support/polder.ts';

const DOCKERFILE = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
/** `COPY a b target` lines that take something from the build context. */
const copied = (): readonly string[] =>
  [...DOCKERFILE.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, words = '']) =>
    words.split(/\s+/).slice(0, -1),
  );
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly version: string;
};
/** An image to build on where the default one cannot be pulled. */
const BASE = process.env['POLDER_TEST_BASE_IMAGE'];

describe('container image', function () {
  this.timeout(600_000);

  it('is based on an image named by digest that one build argument replaces in every stage', () => {
    const stages = [...DOCKERFILE.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);

    assert.match(DOCKERFILE, /^ARG BASE_IMAGE=\S+@sha256:[0-9a-f]{64}$/m);
    assert.ok(stages.length > 1);
    assert.deepEqual(new Set(stages), new Set(['${BASE_IMAGE}']));
  });

  it('runs as a user without a name and without root, as numbers that kubelet can check', () => {
    const user = /^USER (\d+):(\d+)$/m.exec(DOCKERFILE);

    assert.ok(user, 'USER is numeric');
    assert.ok(Number(user[1]) > 0 && Number(user[2]) > 0);
    assert.ok(DOCKERFILE.lastIndexOf('\nFROM ') < DOCKERFILE.indexOf('\nUSER '), 'in the last stage');
  });

  it('runs with the flags that tests and benches run with, as does npm start', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(DOCKERFILE)?.[1] ?? '[]') as readonly string[];

    assert.deepEqual(entry.slice(1, -1), [...NODE_FLAGS]);
    assert.equal(scripts['start'], `exec node ${NODE_FLAGS.join(' ')} apiserver/polder.js up`);
  });

  it('sends to the engine exactly what the image copies', () => {
    const ignore = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
    const sent = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));

    assert.equal(
      ignore.find((line) => !line.startsWith('#')),
      '*',
    );
    assert.deepEqual(sent.sort(), [...new Set(copied())].sort());
    for (const path of sent) assert.ok(existsSync(join(ROOT, path)), path);
  });

  it('holds what polder needs, with production dependencies only', async () => {
    const image = mkdtempSync(join(tmpdir(), 'polder-image-'));
    try {
      for (const path of copied()) {
        cpSync(join(ROOT, path), join(image, basename(path)), {
          recursive: true,
          filter: (source) => !source.endsWith('.test.ts'),
        });
      }
      const install = ['ci', '--omit=dev', '--prefer-offline', '--prefix', image];
      const installed = await run('npm', install, { timeoutMs: 300_000 });
      assert.equal(installed.code, 0, installed.stderr);
      assert.equal(existsSync(join(image, 'node_modules/mocha')), false);
      // The second copy of Node's binary, which the image leaves out.
      rmSync(join(image, 'node_modules/node/node_modules'), { recursive: true, force: true });

      const polder = (...args: string[]): ReturnType<typeof run> =>
        run(join(image, 'node_modules/.bin/node'), [join(image, 'apiserver/polder.js'), ...args], {});
      assert.deepEqual(await polder('--version'), { code: 0, stdout: `polder ${version}\n`, stderr: '' });
      for (const command of commandsIn((await polder('--help')).stdout)) {
        const help = await polder(command, '--help');
        assert.equal(help.code, 0, `${command}: ${help.stderr}`);
        assert.match(help.stdout, new RegExp(`^usage: polder ${command}`));
      }
    } finally {
      rmSync(image, { recursive: true, force: true });
    }
  });

  it('builds, and runs without root on a read-only file system, where there is a Docker engine', async function () {
    const tag = `polder-test:${process.pid}`;
    const engine = await run('docker', ['info', '--format', '{{.ServerVersion}}'], {}).catch(() => undefined);
    if (engine?.code !== 0) {
      console.error(
        'SKIPPED: the image is not built: no Docker engine answers `docker info`. Start one to run this test.',
      );
      this.skip();
    }
    const base = BASE === undefined ? [] : ['--build-arg', `BASE_IMAGE=${BASE}`];
    try {
      const built = await run('docker', ['build', ...base, '-t', tag, '.'], { timeoutMs: 540_000 });
      assert.equal(built.code, 0, built.stderr);

      const hardened = [
        '--read-only',
        '--cap-drop=ALL',
        '--security-opt=no-new-privileges',
        '--network=none',
      ];
      const answer = await run('docker', ['run', '--rm', ...hardened, tag, '--version'], {});

      assert.deepEqual([answer.code, answer.stdout], [0, `polder ${version}\n`]);
    } finally {
      await run('docker', ['image', 'rm', '--force', tag], {});
    }
  });
});

/** The names in the first column of `polder --help`. */
const commandsIn = (help: string): readonly string[] =>
  [...help.matchAll(/^ {2}([a-z]+) {2}/gm)].map(([, name = '']) => name);
