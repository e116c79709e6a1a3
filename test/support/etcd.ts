/** A real etcd for the tests of one `describe`, that can be killed and started again. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool } from '../../hack/tools/find.ts';
import { etcdArgs } from './cluster-flags.ts';
import { createKeeper } from './cluster-keeper.ts';
import { createPart, type Part } from './cluster-part.ts';
import { freePorts } from './free-port.ts';

export interface Etcd {
  readonly url: string;
  readonly dir: string;
  readonly part: Part;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

export interface EtcdTestOptions {
  /** Default false: writes survive a kill of the process, not a crash of the machine. */
  readonly fsync?: boolean;
  /** Default `http`. */
  readonly scheme?: 'http' | 'https';
  readonly args?: readonly string[];
}

/** Rejects when it does not become ready within 30 s. */
export async function startEtcd(options: EtcdTestOptions = {}): Promise<Etcd> {
  const dir = mkdtempSync(join(tmpdir(), 'polder-etcd-'));
  mkdirSync(join(dir, 'etcd'), { mode: 0o700 });
  const keeper = createKeeper(dir);
  const [port, peerPort, metricsPort] = await freePorts(3);
  const url = `${options.scheme ?? 'http'}://127.0.0.1:${port}`;
  const metrics = `http://127.0.0.1:${metricsPort}`;
  const flags = {
    dir,
    url,
    peerUrl: `http://127.0.0.1:${peerPort}`,
    unsafeNoFsync: options.fsync !== true,
  };
  const part = createPart({
    program: 'etcd',
    args: [...etcdArgs(flags), `--listen-metrics-urls=${metrics}`, ...(options.args ?? [])],
    log: join(dir, 'etcd.log'),
    ready: { url: `${metrics}/readyz` },
    keeper,
  });
  try {
    await part.start();
  } catch (error) {
    await keeper.close();
    throw error;
  }
  return {
    url,
    dir,
    part,
    close: async () => {
      await part.stop('SIGKILL');
      await keeper.close();
    },
  };
}

/** Members of one cluster. */
export async function startEtcdCluster(count: number): Promise<readonly Etcd[]> {
  const peers = (await freePorts(count)).map((port) => `http://127.0.0.1:${port}`);
  const cluster = peers.map((peer, index) => `m${index}=${peer}`).join(',');
  const started = await Promise.allSettled(
    peers.map(async (peer, index) => {
      const args = [
        `--name=m${index}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
      ];
      return await startEtcd({ args: [...args, `--initial-cluster=${cluster}`] });
    }),
  );
  const members = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (members.length === count) return members;
  for (const member of members) await member.close();
  throw new Error(`only ${members.length} of ${count} members started`);
}

/** One etcd for all tests of this `describe`. Without the program they are skipped loudly; never in CI. */
export function useEtcd(options: EtcdTestOptions = {}): Etcd {
  const etcd = {} as { -readonly [K in keyof Etcd]: Etcd[K] };
  before(async function () {
    this.timeout(60_000);
    if (findTool('etcd') === undefined && process.env['CI'] !== 'true') {
      console.error('SKIPPED: etcd is not there. Run `npm run tools`.');
      this.skip();
    }
    Object.assign(etcd, await startEtcd(options));
  });
  after(async () => {
    if ('part' in etcd) await etcd.close();
  });
  return etcd;
}
