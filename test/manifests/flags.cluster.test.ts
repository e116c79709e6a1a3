/** What the manifests say to each program is what its command understands: parsed with the command's own flag table. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { at, type JsonObject } from '../../apiserver/api/json.ts';
import { AGENT_FLAGS } from '../../apiserver/commands/agent.ts';
import { APISERVER_FLAGS } from '../../apiserver/commands/apiserver.ts';
import { CONTROLLERS_FLAGS } from '../../apiserver/commands/controllers.ts';
import { MIGRATE_FLAGS } from '../../apiserver/commands/migrate.ts';
import { WEBHOOKS_FLAGS } from '../../apiserver/commands/webhooks.ts';
import { readFlags, variableOf, type Flags, type Values } from '../../apiserver/runtime/flags.ts';
import { buildManifests } from '../../hack/manifests-build.ts';
import { ROOT } from '../support/polder.ts';
import { containersOf, items, podSpecs, texts } from './support/objects.ts';

const FOLDERS = [
  ...readdirSync(join(ROOT, 'manifests/overlays')).map((name) => `manifests/overlays/${name}`),
  'manifests/agent',
  'manifests/migrate',
];
const FLAGS: Readonly<Record<string, Flags>> = {
  apiserver: APISERVER_FLAGS,
  webhooks: WEBHOOKS_FLAGS,
  controllers: CONTROLLERS_FLAGS,
  agent: AGENT_FLAGS,
  migrate: MIGRATE_FLAGS,
};
/** Settings that name a file or a folder. */
const PATHS = /(-file|-dir|cafile|certfile|keyfile)$/;

for (const folder of FOLDERS) {
  describe(`flags in ${folder}`, () => {
    let pods: ReturnType<typeof podSpecs>;
    before(async () => {
      pods = podSpecs(await buildManifests(folder));
      assert.ok(pods.length > 0);
    });

    it('name commands, flags and values that there are', () => {
      for (const { workload, spec } of pods) {
        for (const container of containersOf(spec)) {
          const { command, flags, args, env } = settingsOf(container);
          assert.ok(flags, `${workload}: polder ${command}`);
          for (const name of Object.keys(env).filter((each) => each.startsWith('POLDER_'))) {
            assert.ok(Object.keys(flags).map(variableOf).includes(name), `${workload}: ${name}`);
          }
          assert.doesNotThrow(() => readFlags(flags, args, env), workload);
        }
      }
    });

    it('listen where the ports, the Services and the probes lead', () => {
      for (const { workload, spec } of pods) {
        for (const container of containersOf(spec)) {
          const values = valuesOf(container);
          const open = items(container, 'ports').map((port) => Number(port['containerPort']));
          const listening = ['port', 'metrics-port'].flatMap((flag) => values[flag] ?? []).map(Number);
          assert.deepEqual(new Set(open), new Set(listening), workload);
        }
      }
    });

    it('point to files and folders that are mounted', () => {
      for (const { workload, spec } of pods) {
        for (const container of containersOf(spec)) {
          const mounts = items(container, 'volumeMounts').map((mount) => `${String(mount['mountPath'])}/`);
          const lost = pathsIn(container).filter((path) => !mounts.some((mount) => path.startsWith(mount)));
          assert.deepEqual(lost, [], workload);
        }
      }
    });

    it('are not overridden by variables that Kubernetes makes for Services', () => {
      // A Service named polder would set POLDER_PORT to an URL.
      for (const { workload, spec } of pods) assert.equal(spec['enableServiceLinks'], false, workload);
    });
  });
}

interface Settings {
  readonly command: string;
  readonly flags: Flags | undefined;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

function settingsOf(container: JsonObject): Settings {
  const [command = '', ...args] = texts(container, 'args');
  const env = Object.fromEntries(
    items(container, 'env').map((variable) => [String(variable['name']), valueOf(variable)] as const),
  );
  return { command, flags: Object.hasOwn(FLAGS, command) ? FLAGS[command] : undefined, args, env };
}

/** What comes out of a Secret is not known here; any text stands for it. */
const valueOf = (variable: JsonObject): string =>
  at(variable, 'valueFrom') === undefined ? String(variable['value']) : 'https://from-a-secret.example';

/** Absolute paths among the settings that name files and folders. */
const pathsIn = (container: JsonObject): readonly string[] =>
  Object.entries(valuesOf(container))
    .filter(([flag]) => PATHS.test(flag))
    .flatMap(([, paths]) => paths)
    .filter((path) => path.startsWith('/'));

function valuesOf(container: JsonObject): Values {
  const { command, flags, args, env } = settingsOf(container);
  assert.ok(flags, `polder ${command}`);
  return readFlags(flags, args, env);
}
