/** In which mode the suites run that hold for both: `hack/test.ts` runs them once for each. */
import { startAggregated } from '../../aggregated/support/server.ts';
import { startEmbedded } from './embedded.ts';
import type { Server } from './server.ts';

export function startServer(): Promise<Server> {
  return process.env['POLDER_TEST_TARGET'] === 'aggregated' ? startAggregated() : startEmbedded();
}
