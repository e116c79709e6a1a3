/**
 * The baseline of GET and LIST: nothing but `node:https` sending fixed bytes. Argument: a directory with
 * server.key, server.crt and ca.crt. Ask with `{body: Buffer}` to set what it answers from then on.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { serve } from './serve.ts';

const pki = process.argv[2] ?? '';
let body = Buffer.from('{}');
// Client certificates are asked for as Polder does, so that both pay for the same handshake.
const server = createServer(
  {
    key: readFileSync(join(pki, 'server.key')),
    cert: readFileSync(join(pki, 'server.crt')),
    ca: readFileSync(join(pki, 'ca.crt')),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    keepAliveTimeout: 100_000,
  },
  (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
    response.end(body);
  },
);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  serve({ url: `https://127.0.0.1:${port}` }, async (question: { readonly body: Uint8Array }) => {
    body = Buffer.from(question.body);
    return {};
  });
});
