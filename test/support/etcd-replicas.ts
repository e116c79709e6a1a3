/** Several API servers on one etcd, each a process that can be killed and started again, and a client for each. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureIdentity, mintClient } from '../../apiserver/embedded-identity.ts';
import { createApi, type Api } from '../contract/support/api.ts';
import { createKeeper } from './cluster-keeper.ts';
import { createPart, type Part } from './cluster-part.ts';
import type { Etcd } from './etcd.ts';
import { freePorts } from './free-port.ts';

export interface Replica {
  readonly part: Part;
  /** As a member of system:masters. */
  readonly root: Api;
  /** As one of our own controllers. */
  readonly controllers: Api;
  /** As a user without any group. */
  readonly ann: Api;
}
export interface Replicas {
  /** Of their keys in etcd. */
  readonly prefix: string;
  readonly all: readonly Replica[];
  /** One after the other. */
  next(): Replica;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const CONTROLLERS = 'system:serviceaccount:polder-system:controllers';

export async function startReplicas(etcd: Etcd, count: number): Promise<Replicas> {
  const dir = mkdtempSync(join(tmpdir(), 'polder-replicas-'));
  const keeper = createKeeper(dir);
  const { ca } = await ensureIdentity(dir, Date.now());
  const mint = (user: string, groups: readonly string[]): ReturnType<typeof mintClient> =>
    mintClient(dir, { user, groups, validForMs: HOUR_MS, now: Date.now() });
  const root = await mint('root', ['system:masters']);
  const controllers = await mint(CONTROLLERS, ['system:serviceaccounts']);
  const ann = await mint('ann', []);
  const ports = await freePorts(count);
  const all = ports.map((port, index): Replica => {
    const url = `https://127.0.0.1:${port}`;
    const part = createPart({
      program: process.execPath,
      args: [join(import.meta.dirname, 'etcd-replica-process.ts'), dir, etcd.url, dir, String(port)],
      log: join(dir, `replica-${index}.log`),
      ready: { url: `${url}/readyz`, ca },
      keeper,
    });
    return {
      part,
      root: createApi(url, { ca, ...root }),
      controllers: createApi(url, { ca, ...controllers }),
      ann: createApi(url, { ca, ...ann }),
    };
  });
  const close = async (): Promise<void> => {
    for (const replica of all) {
      replica.root.agent.destroy();
      replica.controllers.agent.destroy();
      replica.ann.agent.destroy();
    }
    await Promise.all(all.map(async ({ part }) => await part.stop('SIGKILL')));
    await keeper.close();
  };
  try {
    await Promise.all(all.map(async ({ part }) => await part.start()));
  } catch (error) {
    await close();
    throw error;
  }
  let turn = 0;
  return {
    prefix: dir,
    all,
    next: () => {
      turn += 1;
      const replica = all[turn % all.length];
      if (replica === undefined) throw new Error('there are no replicas');
      return replica;
    },
    close,
  };
}
