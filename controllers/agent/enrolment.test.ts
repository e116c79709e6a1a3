import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, issue } from '../../apiserver/runtime/certificates.ts';
import { createFakeClock } from '../../apiserver/runtime/clock.ts';
import { createLog } from '../../apiserver/runtime/log.ts';
import { enrol } from './enrolment.ts';
import { openStateFiles } from './state-files.ts';

const ANSWER = { dataPlane: 'eu1', dataPlaneID: 'id', epoch: 1, hubKeys: [] };

describe('registration of an agent', () => {
  let directory: string;
  let server: Server;
  let ca: string;
  let tokens: string[];
  /** What the hub answers, in turn: a status and a body. */
  let answers: (readonly [number, string])[];

  before(async () => {
    const common = { validForMs: 3_600_000, now: Date.now() };
    const authority = await createAuthority({ commonName: 'test', ...common });
    const names = { commonName: 'hub', subjectAltNames: ['localhost'], usage: 'server' as const };
    ca = authority.cert;
    server = createServer(await issue(authority, { ...names, ...common }), (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        tokens.push((JSON.parse(body) as { readonly token: string }).token);
        const [status, text] = answers.shift() ?? [200, JSON.stringify(ANSWER)];
        response.writeHead(status, { Connection: 'close' }).end(text);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  });
  after(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'polder-enrolment-'));
    tokens = [];
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Enrols with tokens that are there once each; time passes whenever an attempt has failed. */
  async function enrolWith(...given: readonly string[]): Promise<string> {
    const left = [...given];
    const clock = createFakeClock(0);
    const log = createLog({ write: () => queueMicrotask(() => setImmediate(() => clock.advance(600_000))) });
    const identity = await enrol(
      {
        hub: `https://localhost:${(server.address() as AddressInfo).port}`,
        ca,
        clusterUID: 'cluster',
        version: '0.0.0',
        token: () => {
          const next = left.shift();
          return next === undefined ? Promise.reject(new Error('no token is left')) : Promise.resolve(next);
        },
        clock,
        log,
      },
      openStateFiles(directory),
      { signal: AbortSignal.timeout(20_000), refused: false },
    );
    return identity.registration.dataPlane;
  }

  it('tries again with the same token when a replica that does not lead sends it away', async () => {
    answers = [
      [503, ''],
      [503, ''],
    ];

    assert.equal(await enrolWith('one'), 'eu1');
    assert.deepEqual(tokens, ['one', 'one', 'one']);
  });

  it('asks for another token when the hub refuses the first', async () => {
    answers = [[401, JSON.stringify({ message: 'TokenUsed' })]];

    assert.equal(await enrolWith('one', 'two'), 'eu1');
    assert.deepEqual(tokens, ['one', 'two']);
  });
});
