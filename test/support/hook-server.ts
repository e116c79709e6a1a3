/** Somebody else's admission webhook: an HTTPS server with a CA of its own that answers as a test tells it to. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuthority, issue } from '../../apiserver/runtime/certificates.ts';
import type { Json } from './http.ts';

/** The `response` of a review, without uid; or a whole body; or no answer at all. */
export type HookReply =
  | { readonly response: Readonly<Record<string, unknown>> }
  | { readonly body: unknown; readonly status?: number }
  | 'silence';

export interface HookServer {
  /** `https://127.0.0.1:port`. */
  readonly url: string;
  /** PEM in base64, as configurations carry it. */
  readonly caBundle: string;
  /** Requests by path, in the order of arrival. */
  readonly seen: { readonly path: string; readonly request: Json }[];
  /** What a path answers; without one it allows. */
  on(path: string, reply: (request: Json) => HookReply): void;
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;

export async function startHookServer(): Promise<HookServer> {
  const common = { validForMs: DAY_MS, now: Date.now() };
  const authority = await createAuthority({ commonName: 'somebody', ...common });
  const names = { commonName: 'hook', subjectAltNames: ['127.0.0.1'] };
  const pair = await issue(authority, { ...names, usage: 'server', ...common });
  const replies = new Map<string, (request: Json) => HookReply>();
  const seen: { path: string; request: Json }[] = [];
  const server = createServer({ cert: pair.cert, key: pair.key }, (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const [path = ''] = (incoming.url ?? '').split('?');
      const { request } = JSON.parse(Buffer.concat(chunks).toString()) as Json;
      seen.push({ path, request });
      const reply = replies.get(path)?.(request) ?? { response: { allowed: true } };
      if (reply === 'silence') return;
      const body =
        'response' in reply
          ? {
              apiVersion: 'admission.k8s.io/v1',
              kind: 'AdmissionReview',
              response: { uid: request.uid, ...reply.response },
            }
          : reply.body;
      outgoing.writeHead(('status' in reply ? reply.status : undefined) ?? 200, {
        'content-type': 'application/json',
      });
      outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caBundle: Buffer.from(authority.cert).toString('base64'),
    seen,
    on: (path, reply) => void replies.set(path, reply),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A mutating answer. */
export const patching = (...operations: readonly object[]): HookReply => ({
  response: {
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
  },
});
