/** What the machine can do at best: a bare `node:https` server, GET of one object and LIST of 10,000. */
import { join } from 'node:path';
import type { Bench, Measure, Row } from '../measure.ts';
import { wireList, wireObject } from '../objects.ts';
import { loadNotes, measured, type Measured } from '../measured.ts';
import { writePki } from '../pki.ts';
import type { Load, LoadResult } from '../programs/load.ts';

const LIST_OBJECTS = 10_000;

export interface BareLoad {
  readonly connections: number;
  readonly seconds: number;
  readonly requests: number;
}

/** Requests to a bare server that answers `body`, under the same load as the server that is measured. */
export async function loadBareServer(bench: Bench, body: Buffer, load: BareLoad): Promise<Measured> {
  const pki = await writePki(join(bench.scratch, 'bare-pki'));
  const server = await bench.machine.start('server', 'bare-server', [pki]);
  const { url } = server.ready as { readonly url: string };
  const client = await bench.machine.start('client', 'load', [url, pki]);
  try {
    await server.ask({ body });
    const question: Load = { method: 'GET', path: '/', body: '', first: 0, keepBody: false, ...load };
    await client.ask({ ...question, seconds: Math.min(1, load.seconds) });
    return await measured(server.pid, async () => (await client.ask(question)) as LoadResult);
  } finally {
    await client.stop();
    await server.stop();
  }
}

export const bareHttps: Measure = {
  name: 'bare-https',
  run: async (bench): Promise<readonly Row[]> => {
    const one = wireObject(1);
    const list = wireList(LIST_OBJECTS);
    const get = await loadBareServer(bench, one, {
      connections: 32,
      seconds: bench.seconds,
      requests: Infinity,
    });
    const page = await loadBareServer(bench, list, {
      connections: 1,
      seconds: bench.seconds,
      requests: Infinity,
    });
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
  },
};
