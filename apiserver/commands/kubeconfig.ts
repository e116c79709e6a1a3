/** `polder kubeconfig`: whoever can read the CA key in the data directory may mint identities from it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DAY_MS } from '../runtime/certificates.ts';
import { UsageError, describeFlags, readFlags, type Flags } from '../runtime/flags.ts';
import { kubeconfig } from '../runtime/kubeconfig.ts';
import { writeResult } from '../runtime/npm-banner.ts';
import { mintClient, readCa } from '../embedded-identity.ts';

const FLAGS: Flags = {
  user: { help: 'User name of the certificate.' },
  group: { help: 'Group of the user; may be repeated.', multiple: true },
  'ttl-days': { help: 'Days until the certificate expires.', default: '365', range: [1, 3650] },
  namespace: { help: 'Default namespace of the kubeconfig.' },
  server: { help: 'URL of the server; default: the running server of this data directory.' },
  'data-dir': { help: 'Data directory of the embedded Polder.', default: '.polder' },
  help: { help: 'Shows this text.', boolean: true },
};
const MAX_NAME = 256;

export async function kubeconfigCommand(args: readonly string[]): Promise<number> {
  const values = readFlags(FLAGS, args, process.env);
  const one = (flag: string): string | undefined => values[flag]?.[0];
  if (one('help') === 'true') {
    process.stdout.write(`usage: polder kubeconfig --user NAME [flags]\n\n${describeFlags(FLAGS)}\n`);
    return 0;
  }
  const user = checkedName('--user', one('user'));
  const groups = (values['group'] ?? []).map((group) => checkedName('--group', group));
  const dataDir = one('data-dir') ?? '.polder';
  const ca = readCa(dataDir);
  if (ca === undefined) {
    throw new UsageError(`${dataDir} holds no Polder yet; start one with npm start, or name its --data-dir`);
  }
  const now = Date.now();
  const pair = await mintClient(dataDir, { user, groups, validForMs: Number(one('ttl-days')) * DAY_MS, now });
  const namespace = one('namespace');
  writeResult(
    kubeconfig({
      cluster: 'polder',
      user,
      server: one('server') ?? runningServer(dataDir),
      ca,
      ...pair,
      ...(namespace === undefined ? {} : { namespace }),
    }),
  );
  return 0;
}

function checkedName(flag: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError(`${flag} is needed, for example ${flag} ann`);
  const printable = !/\p{Cc}/u.test(value);
  if (!printable || value.length > MAX_NAME) {
    throw new UsageError(`${flag} must be 1 to ${MAX_NAME} printable characters`);
  }
  if (value.startsWith('system:')) {
    throw new UsageError(`${flag} "${value}": names that begin with system: belong to Kubernetes components`);
  }
  return value;
}

function runningServer(dataDir: string): string {
  try {
    const ready: unknown = JSON.parse(readFileSync(join(dataDir, 'ready.json'), 'utf8'));
    if (typeof ready === 'object' && ready !== null && 'url' in ready) return String(ready.url);
  } catch (error) {
    throw new UsageError(
      `no server runs on ${dataDir} (it has no ready.json); start it, or give its URL with --server`,
      { cause: error },
    );
  }
  throw new UsageError(`${join(dataDir, 'ready.json')} names no url; give the server's URL with --server`);
}
