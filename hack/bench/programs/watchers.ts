/**
 * Many watches in one process, which count the events they get and do nothing else. Arguments: the server's URL and
 * a directory with client.crt, client.key and ca.crt. First question `{watchers, path}`, answered when all are
 * connected; then `{events}`, answered when every watch has got that many since it began.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { ResponseReader, dial, request } from './connection.ts';
import { serve } from './serve.ts';

export type Question =
  | { readonly is: 'connect'; readonly watchers: number; readonly path: string }
  | { readonly is: 'wait'; readonly events: number };
export interface Answer {
  /** Events that all watches together have got. */
  readonly total: number;
  readonly bytes: number;
  readonly atMs: number;
  /** Processor time of this process so far. */
  readonly processorMs: number;
}

const NEWLINE = 10;
const DIALS_AT_ONCE = 50;

const [url = '', pki = ''] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const options: ConnectionOptions = {
  host: hostname,
  port: Number(port),
  cert: readFileSync(join(pki, 'client.crt')),
  key: readFileSync(join(pki, 'client.key')),
  ca: readFileSync(join(pki, 'ca.crt')),
};

let bytes = 0;
let missing = 0;
let goal = Infinity;
let reached: () => void = () => undefined;
const counts: number[] = [];

function count(watch: number, piece: Buffer): void {
  bytes += piece.length;
  let events = counts[watch] ?? 0;
  const before = events;
  // Every event is one line.
  for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, at + 1)) events += 1;
  counts[watch] = events;
  if (before < goal && events >= goal) {
    missing -= 1;
    if (missing === 0) reached();
  }
}

async function watch(number: number, path: string): Promise<void> {
  const socket = await dial(options);
  counts[number] = 0;
  const reader = new ResponseReader(
    (piece) => count(number, piece),
    (status) => {
      throw new Error(`watch ${number} ended with ${status} after ${counts[number]} events`);
    },
  );
  await new Promise<void>((resolve) => {
    socket.once('data', () => resolve());
    socket.on('data', (received: Buffer) => reader.feed(received));
    socket.on('close', () => {
      throw new Error(`watch ${number} was cut after ${counts[number]} events`);
    });
    socket.write(request('GET', path));
  });
}

async function answer(question: Question): Promise<Answer> {
  if (question.is === 'connect') {
    for (let first = 0; first < question.watchers; first += DIALS_AT_ONCE) {
      const some = Math.min(DIALS_AT_ONCE, question.watchers - first);
      await Promise.all(Array.from({ length: some }, (_, index) => watch(first + index, question.path)));
    }
  } else {
    goal = question.events;
    missing = counts.filter((events) => events < goal).length;
    if (missing > 0) {
      await new Promise<void>((resolve) => {
        reached = resolve;
      });
    }
  }
  const used = process.cpuUsage();
  const total = counts.reduce((sum, events) => sum + events, 0);
  return { total, bytes, atMs: Date.now(), processorMs: (used.user + used.system) / 1000 };
}

serve({}, answer);
