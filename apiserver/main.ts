/**
 * `polder`: one program, one command per role.
 *
 *   polder up           everything in one process: API server, controllers, hub and a local data plane
 *   polder apiserver    the API server behind the aggregator of a Kubernetes cluster
 *   polder webhooks     admission of native kinds in the namespaces of tenants
 *   polder controllers  the reconcilers and the hub inside a Kubernetes cluster
 *   polder agent        the agent of a data plane, in the cluster that is the plane
 *   polder migrate      moves all objects from sqlite to etcd or back, while no server runs
 *   polder breakglass   lets our webhooks in a cluster go for a bounded time, for when they do not answer
 *   polder kubeconfig   mints a client certificate from the embedded CA and prints a kubeconfig
 *
 * Exit codes: 0 done or stopped cleanly, 1 failed, 2 wrong usage, 3 the data directory is held by another process.
 */
import { UsageError } from './runtime/flags.ts';
import { version } from './version.ts';

interface Command {
  readonly summary: string;
  /** Resolves with the exit code. */
  run(args: readonly string[]): Promise<number>;
}

/** Each command is loaded when it is called: minting a certificate needs no server. */
const COMMANDS: Readonly<Record<string, Command>> = {
  up: {
    summary: 'run everything in one process on the embedded store',
    run: async (args) => (await import('./commands/up.ts')).up(args),
  },
  apiserver: {
    summary: 'run the API server behind the aggregator of a Kubernetes cluster',
    run: async (args) => (await import('./commands/apiserver.ts')).apiserver(args),
  },
  webhooks: {
    summary: 'admit the native kinds of a Kubernetes cluster in the namespaces of tenants',
    run: async (args) => (await import('./commands/webhooks.ts')).webhooks(args),
  },
  controllers: {
    summary: 'run the reconcilers and the hub inside a Kubernetes cluster',
    run: async (args) => (await import('./commands/controllers.ts')).controllers(args),
  },
  agent: {
    summary: 'run the agent of a data plane',
    run: async (args) => (await import('./commands/agent.ts')).agent(args),
  },
  migrate: {
    summary: 'move all objects from sqlite to etcd or back',
    run: async (args) => (await import('./commands/migrate.ts')).migrateCommand(args),
  },
  breakglass: {
    summary: 'let our webhooks in a cluster go for a bounded time, for when they do not answer',
    run: async (args) => (await import('./commands/breakglass.ts')).breakglass(args),
  },
  kubeconfig: {
    summary: 'mint a client certificate from the embedded CA and print a kubeconfig',
    run: async (args) => (await import('./commands/kubeconfig.ts')).kubeconfigCommand(args),
  },
};

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `usage: polder <command> [flags]\n\n${lines.join('\n')}\n\npolder <command> --help lists its flags.\n`;
}

async function main(args: readonly string[]): Promise<number> {
  const [name = '--help', ...rest] = args;
  if (name === '--help' || name === '-h') {
    process.stdout.write(help());
    return 0;
  }
  if (name === '--version') {
    process.stdout.write(`polder ${version()}\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    throw new UsageError(`unknown command "${name}"; the commands are ${Object.keys(COMMANDS).join(', ')}`);
  }
  return command.run(rest);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`polder: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
