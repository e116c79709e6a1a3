/** Plain HTTPS requests for the differential: what is sent and what comes back, without a client in between. */
import { Agent, request as httpsRequest } from 'node:https';
import type { Answer, Request } from '../../../hack/twin/target.ts';

export interface Sender {
  send(request: Request): Promise<Answer>;
  close(): void;
}

export interface SenderOptions {
  /** PEM. */
  readonly ca: string;
  /** Client certificate. */
  readonly cert?: string;
  readonly key?: string;
  /** Asked for every request: tokens of ours live for an hour only. */
  readonly authorization?: () => string;
}

export function createSender(url: string, { authorization, ...tls }: SenderOptions): Sender {
  const agent = new Agent({ keepAlive: true, ...tls });
  return {
    close: () => agent.destroy(),
    send: ({ method, path, headers, body }) =>
      new Promise((resolve, reject) => {
        const bytes = body === undefined ? undefined : Buffer.from(body);
        const length = bytes === undefined ? {} : { 'content-length': String(bytes.length) };
        const caller = authorization === undefined ? {} : { authorization: authorization() };
        const request = httpsRequest(
          `${url}${path}`,
          { method, agent, headers: { ...headers, ...length, ...caller } },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.once('error', reject);
            response.once('end', () => {
              const { statusCode: status = 0, headers: sent } = response;
              const text = Buffer.concat(chunks).toString();
              resolve({ status, headers: { ...sent, warning: warnings(response.rawHeaders) }, text });
            });
          },
        );
        // A torn connection is an answer too, and one to be compared.
        request.once('error', (error) => resolve({ status: 0, headers: {}, text: error.message }));
        request.end(bytes);
      }),
  };
}

/** Each by itself: Node joins them. */
function warnings(raw: readonly string[]): readonly string[] {
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === 'warning');
}
