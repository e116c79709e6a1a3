/** The agent alone in a process of its own, to be killed: options as JSON in POLDER_TEST_AGENT. */
import { createClient } from '../../apiserver/client/client.ts';
import { systemClock } from '../../apiserver/runtime/clock.ts';
import { createLog } from '../../apiserver/runtime/log.ts';
import { createMetrics } from '../../apiserver/runtime/metrics.ts';
import { createAgent } from '../../controllers/agent/agent.ts';

export interface AgentProcessOptions {
  readonly hub: string;
  readonly hubCa: string;
  readonly plane: string;
  readonly planeCa: string;
  readonly planeToken: string;
  readonly directory: string;
}

const options = JSON.parse(process.env['POLDER_TEST_AGENT'] ?? '') as AgentProcessOptions;
const log = createLog({ level: 'debug', write: (line) => void process.stdout.write(line) });
const plane = createClient({
  server: options.plane,
  ca: options.planeCa,
  credentials: { token: () => options.planeToken },
  log,
});
const agent = createAgent({
  hub: options.hub,
  ca: options.hubCa,
  plane,
  directory: options.directory,
  clusterUID: 'cluster-1',
  version: '0.1.0',
  token: () => Promise.reject(new Error('registered before')),
  clock: systemClock,
  log,
  metrics: createMetrics(),
});
await agent.start();
// The agent's own timers keep no process alive; killing does not wait for them.
setInterval(() => undefined, 60_000);
