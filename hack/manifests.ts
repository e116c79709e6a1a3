/**
 * `npm run manifests`: writes the files under manifests/ that follow from the code: APIServices, roles over our
 * kinds, webhook registrations, the rights of an agent. `--check` writes nothing and fails when one of them is old.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { KINDS } from '../apiserver/kinds/index.ts';
import { webhookConfigurations } from '../webhooks/registrations.ts';
import { agentManifests } from './manifests-agent.ts';
import { apiServices } from './manifests-api-services.ts';
import { openRole, programRoles, userRoles } from './manifests-roles.ts';
import { yamlFile } from './manifests-yaml.ts';

export interface GeneratedFile {
  /** Relative to the root of the tree. */
  readonly path: string;
  readonly content: string;
}

export const generatedFiles = (): readonly GeneratedFile[] => [
  { path: 'manifests/base/api-services.yaml', content: yamlFile(apiServices(KINDS)) },
  { path: 'manifests/base/webhook-registrations.yaml', content: yamlFile(webhookConfigurations()) },
  { path: 'manifests/base/user-roles.yaml', content: yamlFile(userRoles(KINDS)) },
  { path: 'manifests/base/program-roles.yaml', content: yamlFile(programRoles(KINDS)) },
  { path: 'manifests/components/open-rbac/user-role.yaml', content: yamlFile([openRole(KINDS)]) },
  { path: 'manifests/agent/rights.yaml', content: yamlFile(agentManifests()) },
];

const ROOT = resolve(import.meta.dirname, '..');

/** Files of the tree that are not what the code says, relative to its root. */
export const staleFiles = (): readonly string[] =>
  generatedFiles()
    .filter(({ path, content }) => {
      const file = resolve(ROOT, path);
      return !existsSync(file) || readFileSync(file, 'utf8') !== content;
    })
    .map(({ path }) => path);

function main(args: readonly string[]): number {
  const stale = staleFiles();
  if (args.includes('--check')) {
    for (const path of stale) console.error(`${path} is not what the code says; run npm run manifests`);
    return stale.length === 0 ? 0 : 1;
  }
  for (const { path, content } of generatedFiles()) writeFileSync(resolve(ROOT, path), content);
  console.log(stale.length === 0 ? 'nothing changed' : stale.map((path) => `wrote ${path}`).join('\n'));
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
