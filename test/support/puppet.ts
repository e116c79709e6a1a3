/** An agent that speaks the replay protocol by hand: it sends what a test wants and shows what came back. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { REPLAY_PATH } from '../../controllers/hub/hub.ts';
import { decodeFrame } from '../../controllers/replica/frame.ts';
import { PROTOCOL, parseDown, type DownMessage, type UpMessage } from '../../controllers/replica/messages.ts';
import { publicJwkOf, signClaims, type BundleClaims } from '../../controllers/replica/signature.ts';
import { PLANE, type Control } from './replay.ts';

export interface PuppetIdentity {
  readonly dataPlane: string;
  readonly epoch: number;
  readonly sign: KeyObject;
  readonly instanceId: string;
}

/** What came in: a message, or a bundle with its signed claims, unverified. */
export type Received =
  DownMessage | { readonly type: 'PUT'; readonly claims: BundleClaims; readonly gzipped: Buffer };

export interface Puppet {
  readonly socket: WebSocket;
  readonly received: readonly Received[];
  /** The code and reason with which the hub ended the session; fails after 10 s. */
  closed(): Promise<{ readonly code: number; readonly reason: string }>;
  send(message: UpMessage): void;
  raw(data: string | Buffer): void;
  /** Takes the next message of this type, also one that came before; fails after 10 s. */
  next<T extends Received['type']>(type: T): Promise<Extract<Received, { readonly type: T }>>;
  /** Sends a valid HELLO for the challenge, changed by `over`. */
  hello(over?: Partial<Extract<UpMessage, { readonly type: 'HELLO' }>>, proof?: object): Promise<void>;
  /** Resolves when the hub has read all that was sent and everything it sent before has arrived. */
  settled(): Promise<void>;
  /** All bundles and tombstones so far, `name` being the uid. */
  bundles(): readonly BundleClaims[];
}

const PATIENCE_MS = 20_000;

/** Registers a plane with keys of the puppet's own. */
export async function registerPuppet(control: Control, plane = PLANE): Promise<PuppetIdentity> {
  const sign = generateKeyPairSync('ed25519');
  const seal = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const answer = await control.register({
    token: await control.mintToken(plane),
    sign: sign.publicKey.export({ format: 'jwk' }),
    seal: seal.publicKey.export({ format: 'jwk' }),
    agentVersion: 'puppet',
    clusterUID: 'cluster-1',
  });
  if (answer.status !== 200) throw new Error(`registration failed: ${JSON.stringify(answer.body)}`);
  return {
    dataPlane: plane,
    epoch: Number(answer.body['epoch']),
    sign: sign.privateKey,
    instanceId: 'puppet',
  };
}

/** Dials; the challenge has arrived when it resolves. */
export async function dialPuppet(
  control: Control,
  identity: PuppetIdentity,
  options: { readonly autoPong?: boolean } = {},
): Promise<Puppet> {
  const url = `${control.url.replace('https', 'wss')}${REPLAY_PATH}?dataPlane=${identity.dataPlane}`;
  const socket = new WebSocket(url, { ca: control.ca, perMessageDeflate: false, ...options });
  const puppet = attach(socket, identity);
  const nonce = (await puppet.next('CHALLENGE')).nonce;
  return {
    ...puppet,
    hello: async (over = {}, proof = {}) => {
      const { dataPlane: dp, epoch, instanceId } = identity;
      const { kid } = await publicJwkOf(identity.sign);
      const claims = { typ: 'proof', nonce, dp, instanceId, epoch, ...proof } as const;
      puppet.send({
        type: 'HELLO',
        protos: [PROTOCOL],
        agentVersion: 'puppet',
        instanceId,
        clusterUID: 'cluster-1',
        cursor: { epoch: 0, rv: 0 },
        digest: '',
        proof: await signClaims(identity.sign, kid, claims),
        ...over,
      });
    },
  };
}

/** Dials, says hello and takes everything there is: the session is live when it resolves. */
export async function livePuppet(control: Control, identity: PuppetIdentity): Promise<Puppet> {
  const puppet = await dialPuppet(control, identity);
  await puppet.hello();
  await puppet.next('WELCOME');
  puppet.send({ type: 'HAVE', bundles: [], last: true });
  await puppet.next('SNAP_END');
  return puppet;
}

function attach(socket: WebSocket, identity: PuppetIdentity): Omit<Puppet, 'hello'> {
  const received: Received[] = [];
  const untaken: Received[] = [];
  let end: { readonly code: number; readonly reason: string } | undefined;
  const wakers = new Set<() => void>();
  const wake = (): void => {
    for (const waker of wakers) waker();
  };
  socket.on('message', (data, isBinary) => {
    const message = isBinary ? bundleOf(data as Buffer) : parseDown((data as Buffer).toString('utf8'));
    received.push(message);
    untaken.push(message);
    wake();
  });
  socket.on('close', (code, reason) => {
    end = { code, reason: reason.toString('utf8') };
    wake();
  });
  socket.on('error', () => undefined);
  const until = async <T>(what: string, look: () => T | undefined): Promise<T> => {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve, reject) => {
        const waker = (): void => {
          wakers.delete(waker);
          resolve();
        };
        wakers.add(waker);
        deadline.addEventListener('abort', () =>
          reject(
            new Error(
              `${identity.dataPlane}: no ${what}; got ${received.map(({ type }) => type).join(' ')}, ${JSON.stringify(end)}`,
            ),
          ),
        );
      });
    }
  };
  return {
    socket,
    received,
    closed: () => until('end', () => end),
    send: (message) => socket.send(JSON.stringify(message)),
    raw: (data) => socket.send(data),
    next: async (type) =>
      (await until<Received>(type, () => {
        const index = untaken.findIndex((message) => message.type === type);
        return index < 0 ? undefined : untaken.splice(index, 1)[0];
      })) as never,
    settled: async () => {
      // Twice: what the hub handles after our first ping was read may still be on its way.
      for (let i = 0; i < 2; i += 1) {
        const answered = once(socket, 'pong', { signal: AbortSignal.timeout(PATIENCE_MS) });
        socket.ping();
        await answered;
      }
    },
    bundles: () =>
      received.flatMap((message) => {
        if (message.type === 'PUT') return [message.claims];
        return message.type === 'DEL' ? [claimsOf(message.jws)] : [];
      }),
  };
}

function bundleOf(frame: Buffer): Extract<Received, { readonly type: 'PUT' }> {
  const { jws, gzipped } = decodeFrame(frame);
  return { type: 'PUT', claims: claimsOf(jws), gzipped };
}

export function claimsOf(jws: string): BundleClaims {
  return JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString('utf8')) as BundleClaims;
}
