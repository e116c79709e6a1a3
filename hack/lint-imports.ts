/**
 * `npm run lint`, second half: imports go one way. One table says which folder may import which of ours, one
 * says which npm dependency lives in which files. Tests and hack/ may import anything; nothing imports them.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, normalize } from 'node:path';

/** The longest matching prefix of a file decides what it may import beside its own folder. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'apiserver/api/': [],
  'apiserver/runtime/': [],
  'apiserver/kinds/': ['apiserver/api/'],
  'apiserver/client/': ['apiserver/api/', 'apiserver/kinds/', 'apiserver/runtime/'],
  'apiserver/policy/': ['apiserver/api/', 'apiserver/kinds/'],
  'apiserver/store/': ['apiserver/api/', 'apiserver/runtime/'],
  'apiserver/registry/': [
    'apiserver/api/',
    'apiserver/kinds/',
    'apiserver/runtime/',
    'apiserver/store/store.ts',
  ],
  // Controllers, which share the work queue with the others.
  'apiserver/registry/local-plane/': [
    'apiserver/api/',
    'apiserver/client/',
    'apiserver/registry/',
    'apiserver/runtime/',
    'apiserver/store/store.ts',
  ],
  'apiserver/admission/': ['apiserver/api/', 'apiserver/kinds/', 'apiserver/policy/', 'apiserver/runtime/'],
  'apiserver/http/': [
    'apiserver/api/',
    'apiserver/kinds/',
    'apiserver/policy/',
    'apiserver/runtime/',
    'apiserver/registry/',
    'apiserver/admission/',
  ],
  'apiserver/': ['apiserver/'],
  // The composition roots: `polder up` knows all programs, the others one each.
  'apiserver/embedded.ts': ['apiserver/', 'webhooks/', 'controllers/'],
  'apiserver/commands/webhooks.ts': ['apiserver/', 'webhooks/'],
  'apiserver/controllers-process.ts': ['apiserver/', 'controllers/'],
  'apiserver/commands/agent.ts': ['apiserver/', 'controllers/agent/'],
  'webhooks/': contract('webhooks/'),
  'controllers/': contract('controllers/'),
};

/** npm packages and the only places that may import them. */
const LIVES_IN: Readonly<Record<string, readonly string[]>> = {
  '@marcbachmann/cel-js': ['apiserver/admission/webhooks/conditions.ts'],
  casbin: ['apiserver/policy/casbin.ts'],
  'prom-client': ['apiserver/runtime/metrics.ts'],
  '@kubernetes/client-node': ['apiserver/runtime/host.ts', 'controllers/drivers/kubernetes.ts'],
  '@grpc/grpc-js': ['apiserver/store/etcd/connection.ts'],
  express: ['apiserver/http/', 'webhooks/'],
  ws: ['apiserver/http/watch-socket.ts', 'controllers/hub/', 'controllers/agent/link.ts'],
  jose: [
    'apiserver/http/authentication/',
    'apiserver/admission/seal.ts',
    'controllers/replica/signature.ts',
    'controllers/agent/identity.ts',
    'controllers/agent/unseal.ts',
  ],
};

function contract(own: string): readonly string[] {
  const shared = ['api', 'kinds', 'client', 'policy', 'runtime'].map((folder) => `apiserver/${folder}/`);
  return [...shared, own];
}

const FREE = /(^(hack|test)\/)|(\.test\.ts$)/;
const IMPORT = /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s+'([^']+)'|import\('([^']+)'\)/g;

function problems(file: string): readonly string[] {
  const source = readFileSync(file, 'utf8');
  const found: string[] = [];
  for (const match of source.matchAll(IMPORT)) {
    const target = match[1] ?? match[2] ?? '';
    const problem = target.startsWith('.') ? ours(file, target) : theirs(file, target);
    if (problem !== undefined) found.push(`${file}: ${problem}`);
  }
  return found;
}

function ours(file: string, target: string): string | undefined {
  const path = normalize(`${dirname(file)}/${target}`);
  const [owner, allowed] = Object.entries(MAY_IMPORT)
    .filter(([prefix]) => file.startsWith(prefix))
    .sort(([a], [b]) => b.length - a.length)[0] ?? ['', []];
  if (FREE.test(path)) return `imports ${path}: nothing imports tests or hack/`;
  const ok =
    (owner.endsWith('/') && path.startsWith(owner)) || allowed.some((prefix) => path.startsWith(prefix));
  return ok ? undefined : `imports ${path}; ${owner} may import only ${allowed.join(', ') || 'itself'}`;
}

function theirs(file: string, target: string): string | undefined {
  const homes = Object.entries(LIVES_IN).find(
    ([name]) => target === name || target.startsWith(`${name}/`),
  )?.[1];
  if (homes === undefined || homes.some((home) => file.startsWith(home))) return undefined;
  return `imports ${target}, which lives in ${homes.join(', ')} only`;
}

const files = globSync(['apiserver/**/*.ts', 'webhooks/**/*.ts', 'controllers/**/*.ts']).filter(
  (file) => !FREE.test(file),
);
const all = files.flatMap(problems);
for (const line of all) console.error(line);
console.log(`imports: ${files.length} files, ${all.length} problems`);
process.exitCode = all.length === 0 ? 0 : 1;
