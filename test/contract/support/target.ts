/** In which mode the suites run that hold for both: `hack/test.ts` runs them once for each. */
import { startAggregated } from '../../aggregated/support/server.ts';
import { startEmbedded } from './embedded.ts';
import { isAggregated, type Server } from './server.ts';

export function startServer(): Promise<Server> {
  return isAggregated ? startAggregated() : startEmbedded();
}
