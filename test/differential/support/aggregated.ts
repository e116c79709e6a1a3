/** Our API server behind the aggregator of a real kube-apiserver, with our controllers stopped. */
import { SYSTEM_NAMESPACE } from '../../../apiserver/api/identity.ts';
import { startPlatform } from '../../aggregated/support/platform.ts';
import type { Cluster } from '../../support/cluster.ts';
import { createSender } from './https.ts';
import { prepare, type RunningTarget } from './ours.ts';

export interface AggregatedTarget extends RunningTarget {
  readonly cluster: Cluster;
}

export async function startAggregatedOurs(): Promise<AggregatedTarget> {
  const platform = await startPlatform({ controllerManager: false });
  const { cluster } = platform;
  try {
    await platform.controllers.stop();
    // Known to our server as our controllers, and to kube-apiserver as somebody who may do everything.
    const name = `system:serviceaccount:${SYSTEM_NAMESPACE}:polder-controllers`;
    const pair = await cluster.pki.client(name, ['system:masters']);
    const sender = createSender(cluster.url, { ca: cluster.ca, ...pair });
    await prepare(sender);
    return {
      cluster,
      groupOf: (kind) => kind.group,
      send: async (request) => {
        const answer = await sender.send(request);
        return { ...answer, headers: { ...answer.headers, 'cache-control': once(answer.headers) } };
      },
      close: async () => {
        sender.close();
        await platform.close();
      },
    };
  } catch (error) {
    await platform.close();
    throw error;
  }
}

/** kube-apiserver adds a Cache-Control of its own to what it passes on. */
function once(headers: Readonly<Record<string, string | readonly string[] | undefined>>): string {
  return [...new Set(String(headers['cache-control']).split(', '))].join(', ');
}
