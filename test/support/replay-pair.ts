/** A control plane, a data plane and the agents between them, as most tests of effects want them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tenant } from '../../apiserver/kinds/tenant.ts';
import type { AgentOptions } from '../../controllers/agent/agent.ts';
import {
  startAgent,
  startControl,
  startDataPlane,
  type Control,
  type DataPlaneServer,
  type TestAgent,
} from './replay.ts';

export interface Pair {
  readonly control: Control;
  readonly plane: DataPlaneServer;
  readonly tenant: Tenant;
  /** Starts an agent; it registers with a fresh token when its directory holds no identity. */
  agent(options?: Partial<AgentOptions>): Promise<TestAgent>;
  /** Starts an agent and resolves when its session is open. */
  connected(options?: Partial<AgentOptions>): Promise<TestAgent>;
  folder(): string;
  close(): Promise<void>;
}

export async function startPair(options: Parameters<typeof startControl>[0] = {}): Promise<Pair> {
  const control = await startControl(options);
  const plane = await startDataPlane();
  const tenant = await control.addTenant('acme');
  await control.addPlane();
  const agents: TestAgent[] = [];
  const folders: string[] = [];
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'polder-agent-'));
    folders.push(made);
    return made;
  };
  const agent: Pair['agent'] = async (over = {}) => {
    const started = await startAgent({
      hub: control.url,
      ca: control.ca,
      plane: plane.clientAs('agent-eu1'),
      directory: folder(),
      token: () => control.mintToken(),
      ...over,
    });
    agents.push(started);
    return started;
  };
  return {
    control,
    plane,
    tenant,
    agent,
    connected: async (over) => {
      const from = control.lines.all.length;
      const started = await agent(over);
      await control.lines.seen('agent connected', {}, from);
      return started;
    },
    folder,
    close: async () => {
      for (const started of agents) await started.close();
      await plane.close();
      await control.close();
      for (const made of folders) rmSync(made, { recursive: true, force: true });
    },
  };
}
