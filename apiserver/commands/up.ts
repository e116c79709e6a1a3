/** `polder up`: the composition root of the embedded mode. Every program of Polder in one process. */
import { resolve } from 'node:path';
import type { TokenAuthenticator } from '../http/authentication/authenticator.ts';
import { AUDIT_FLAGS, auditRotation } from '../audit-flags.ts';
import { createEmbeddedPolder } from '../embedded.ts';
import { systemClock } from '../runtime/clock.ts';
import { DataDirHeldError, DataDirUnusableError, acquireDataDir } from '../runtime/data-dir.ts';
import { describeFlags, readFlags, type Flags } from '../runtime/flags.ts';
import { LEVELS, createLog, type Level } from '../runtime/log.ts';
import { untilStopped } from '../runtime/until-stopped.ts';
import { STORE_FLAGS, openStore, type StoreDeps } from '../store/open.ts';
import { StoreUnusableError, type Store } from '../store/store.ts';
import { TOKEN_FLAGS, tokenAuthenticators } from '../token-flags.ts';
import { version } from '../version.ts';

export const UP_FLAGS: Flags = {
  'data-dir': { help: 'Directory of the store, keys and kubeconfig.', default: '.polder' },
  port: {
    help: 'Port on the loopback interface; 0 takes any free one.',
    default: '7443',
    range: [0, 65_535],
  },
  'log-level': { help: 'How much is logged.', default: 'info', oneOf: LEVELS },
  ...TOKEN_FLAGS,
  ...STORE_FLAGS,
  'history-revisions': {
    help: 'Changes that watches and paged lists can look back on, for at most 7 days; older ones answer 410.',
    default: '1000000',
    range: [10, 1_000_000_000],
  },
  ...AUDIT_FLAGS,
  version: { help: 'Prints the version.', boolean: true },
  help: { help: 'Shows this text.', boolean: true },
};

const HELD = 3;

/** Exit codes: 0 stopped cleanly, 1 failed, 3 the data directory is held by another process. */
export async function up(args: readonly string[]): Promise<number> {
  const values = readFlags(UP_FLAGS, args, process.env);
  const one = (flag: string): string => values[flag]?.[0] ?? '';
  if (one('help') === 'true') {
    process.stdout.write(`usage: polder up [flags]\n\n${describeFlags(UP_FLAGS)}\n`);
    return 0;
  }
  if (one('version') === 'true') {
    process.stdout.write(`polder ${version()}\n`);
    return 0;
  }
  try {
    return await serve({
      dataDir: resolve(one('data-dir')),
      openStore: async (deps) => await openStore(values, deps),
      port: Number(one('port')),
      historyRevisions: Number(one('history-revisions')),
      audit: auditRotation(values),
      level: one('log-level') as Level,
      tokens: tokenAuthenticators(values, systemClock),
    });
  } catch (error) {
    const known =
      error instanceof DataDirHeldError ||
      error instanceof DataDirUnusableError ||
      error instanceof StoreUnusableError;
    const inUse = portInUse(error, one('port'));
    if (inUse !== undefined) process.stderr.write(`polder: ${inUse}\n`);
    else if (!known) throw error;
    else process.stderr.write(`polder: ${error.message}\n`);
    return error instanceof DataDirHeldError ? HELD : 1;
  }
}

function portInUse(error: unknown, port: string): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') return undefined;
  return `port ${port} is in use by another process; choose another with --port, or --port 0 for any free one`;
}

interface Settings {
  readonly dataDir: string;
  readonly openStore: (deps: StoreDeps) => Promise<Store>;
  readonly port: number;
  readonly historyRevisions: number;
  readonly audit: ReturnType<typeof auditRotation>;
  readonly level: Level;
  readonly tokens: readonly TokenAuthenticator[];
}

async function serve(settings: Settings): Promise<number> {
  const dataDir = acquireDataDir(settings.dataDir);
  const log = createLog({ level: settings.level });
  const polder = createEmbeddedPolder({
    dataDir,
    openStore: settings.openStore,
    port: settings.port,
    historyRevisions: settings.historyRevisions,
    audit: settings.audit,
    log,
    version: version(),
    tokens: settings.tokens,
  });
  try {
    const { url, kubeconfig } = await polder.start();
    const stopped = untilStopped();
    dataDir.writeReady({ url, kubeconfig, pid: process.pid });
    process.stdout.write(greeting(url, kubeconfig));
    log.info('stopping', { signal: await stopped });
    return 0;
  } finally {
    // Also after a start that failed half-way: the directory is given back when nothing of ours is open any more.
    await polder.close();
    dataDir.release();
  }
}

function greeting(url: string, kubeconfig: string): string {
  const shown = kubeconfig.startsWith(`${process.cwd()}/`)
    ? kubeconfig.slice(process.cwd().length + 1)
    : kubeconfig;
  return [
    `Polder is ready at ${url}`,
    '',
    'In another terminal:',
    `  export KUBECONFIG=${/^[\w./-]+$/.test(shown) ? shown : `'${shown}'`}`,
    '  kubectl apply -f manifests/samples/quickstart/',
    '  kubectl get tenants,dataplanes',
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n');
}
