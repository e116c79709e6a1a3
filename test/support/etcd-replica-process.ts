/**
 * One of several API servers on one etcd, as a process of its own: the embedded server with the etcd store, its own
 * kinds and the native ones. Arguments: directory of the shared identity, etcd URL, prefix, port.
 */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { ensureIdentity } from '../../apiserver/embedded-identity.ts';
import { systemClock } from '../../apiserver/runtime/clock.ts';
import { createLog } from '../../apiserver/runtime/log.ts';
import { createMetrics } from '../../apiserver/runtime/metrics.ts';
import { createApiServer } from '../../apiserver/server.ts';
import { openStore } from '../../apiserver/store/open.ts';

async function main(directory: string, url: string, prefix: string, port: string): Promise<void> {
  const clock = systemClock;
  const log = createLog();
  const values = { store: ['etcd'], 'etcd-servers': [url], 'etcd-prefix': [prefix] };
  const server = createApiServer({
    store: await openStore(values, { file: '', clock, log }),
    identity: await ensureIdentity(directory, clock.now()),
    componentKey: createPublicKey(generateKeyPairSync('ed25519').privateKey),
    tokens: [],
    clock,
    log,
    metrics: createMetrics(),
    writeAudit: () => undefined,
    fingerprintKey: Buffer.alloc(32, 1),
    version: 'test',
  });
  await server.start(Number(port), '127.0.0.1');
  process.once('SIGTERM', () => void server.close(5000));
}

const [directory = '', url = '', prefix = '', port = ''] = process.argv.slice(2);
await main(directory, url, prefix, port);
