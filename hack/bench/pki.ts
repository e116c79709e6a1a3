/** Certificates for the bare server and the client, of the same kind as Polder's own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DAY_MS, createAuthority, issue } from '../../apiserver/runtime/certificates.ts';

/** Writes ca.crt, server.crt, server.key, client.crt and client.key into `directory` and returns it. */
export async function writePki(directory: string): Promise<string> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const common = { validForMs: DAY_MS, now: Date.now() };
  const authority = await createAuthority({ commonName: 'bench', ...common });
  const subjectAltNames = ['127.0.0.1'];
  const server = await issue(authority, { commonName: 'bare', subjectAltNames, usage: 'server', ...common });
  const client = await issue(authority, { commonName: 'bench', usage: 'client', ...common });
  const write = (name: string, content: string): void =>
    writeFileSync(join(directory, name), content, { mode: 0o600 });
  write('ca.crt', authority.cert);
  write('server.crt', server.cert);
  write('server.key', server.key);
  write('client.crt', client.cert);
  write('client.key', client.key);
  return directory;
}
