/**
 * Many watches in one process, which count the events they get and do nothing else. Arguments: the server's URL and
 * a directory with client.crt, client.key and ca.crt. First question `{watchers, path}`, answered when all are
 * connected; then `{events}`, answered when every watch has got that many since it began.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { dial, request } from './connection.ts';
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

const NEWLINE = 0x0a;
const CLOSING_BRACE = 0x7d;
const HEAD_END = '\r\n\r\n';
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

/** What of a watch's stream counts: an event is a line that ends in a brace, the lines of chunks end otherwise. */
function count(watch: number, received: Buffer, endedInBrace: boolean): void {
  bytes += received.length;
  let events = counts[watch] ?? 0;
  const before = events;
  for (let at = received.indexOf(NEWLINE); at >= 0; at = received.indexOf(NEWLINE, at + 1)) {
    if (at === 0 ? endedInBrace : received[at - 1] === CLOSING_BRACE) events += 1;
  }
  counts[watch] = events;
  if (before < goal && events >= goal) {
    missing -= 1;
    if (missing === 0) reached();
  }
}

async function watch(number: number, path: string): Promise<void> {
  const socket = await dial(options);
  counts[number] = 0;
  let endedInBrace = false;
  await new Promise<void>((resolve, reject) => {
    socket.once('data', (received: Buffer) => {
      const text = received.toString('latin1');
      if (!text.startsWith('HTTP/1.1 200')) reject(new Error(`watch ${number}: ${text.slice(0, 200)}`));
      const bodyAt = text.indexOf(HEAD_END) + HEAD_END.length;
      const take = (piece: Buffer): void => {
        count(number, piece, endedInBrace);
        endedInBrace = piece.at(-1) === CLOSING_BRACE;
      };
      take(received.subarray(bodyAt));
      socket.on('data', take);
      resolve();
    });
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
