/** What the machine can do at best: a bare `node:https` server, GET of one object and LIST of 10,000. */
import { join } from 'node:path';
import type { Bench, Measure, Row } from '../measure.ts';
import { loadNotes, measured, type Measured } from '../measured.ts';
import { wireList, wireObject } from '../objects.ts';
import { writePki } from '../pki.ts';
import type { Load, LoadResult } from '../programs/load.ts';

const LIST_OBJECTS = 10_000;

/** A server that answers every request with the same bytes, and a client for it. */
export interface BareServer {
  answerWith(body: Buffer): Promise<void>;
  load(load: Pick<Load, 'connections' | 'seconds'>): Promise<Measured>;
  stop(): Promise<void>;
}

export async function startBareServer(bench: Bench): Promise<BareServer> {
  const pki = await writePki(join(bench.scratch, 'bare-pki'));
  const server = await bench.machine.start('server', 'bare-server', [pki]);
  const { url } = server.ready as { readonly url: string };
  const client = await bench.machine.start('client', 'load', [url, pki]);
  const get = { method: 'GET', path: '/', body: '', first: 0, keepBody: false, requests: Infinity };
  return {
    answerWith: async (body) => {
      await server.ask({ body });
    },
    load: (load) => measured(server.pid, async () => (await client.ask({ ...get, ...load })) as LoadResult),
    stop: async () => {
      await client.stop();
      await server.stop();
    },
  };
}

export const bareHttps: Measure = {
  name: 'bare-https',
  run: async (bench): Promise<readonly Row[]> => {
    const bare = await startBareServer(bench);
    try {
      const one = wireObject(1);
      await bare.answerWith(one);
      await bare.load({ connections: 32, seconds: 1 });
      const get = await bare.load({ connections: 32, seconds: bench.seconds });
      const list = wireList(LIST_OBJECTS);
      await bare.answerWith(list);
      const page = await bare.load({ connections: 1, seconds: bench.seconds });
      return [
        {
          measure: `bare node:https GET of ${one.length} bytes, 32 clients`,
          value: get.perSecond,
          unit: '/s',
          notes: loadNotes(get),
        },
        {
          measure: `bare node:https GET of ${(list.length / 1e6).toFixed(1)} MB (a LIST of 10,000), 1 client`,
          value: page.ms / page.requests,
          unit: 'ms',
          notes: loadNotes(page),
        },
      ];
    } finally {
      await bare.stop();
    }
  },
};
