/** One keep-alive HTTPS connection of the load generator, one request at a time, with as little work as it takes. */
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';

export interface Response {
  readonly status: number;
  readonly bodyBytes: number;
  /** Empty unless asked for. */
  readonly body: Buffer;
}

const HEAD_END = '\r\n\r\n';

/** Feeds on what the socket received; `take` is called with each piece of body, then `end` with the status. */
export class ResponseReader {
  readonly #take: (piece: Buffer) => void;
  readonly #end: (status: number) => void;
  #pending: Buffer = Buffer.alloc(0);
  #state: 'head' | 'body' | 'size' | 'chunk' | 'trailer' = 'head';
  /** Bytes missing of this body or chunk. */
  #left = 0;
  #last = false;
  #status = 0;

  constructor(take: (piece: Buffer) => void, end: (status: number) => void) {
    this.#take = take;
    this.#end = end;
  }

  feed(received: Buffer): void {
    let rest = this.#pending.length === 0 ? received : Buffer.concat([this.#pending, received]);
    this.#pending = Buffer.alloc(0);
    while (rest.length > 0) {
      const used = this.#step(rest);
      if (used === 0) {
        this.#pending = rest;
        return;
      }
      rest = rest.subarray(used);
    }
  }

  /** How many bytes were used; 0 when more are needed. */
  #step(bytes: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes);
      case 'body':
        return this.#piece(bytes, 'head');
      case 'size':
        return this.#size(bytes);
      case 'chunk':
        return this.#piece(bytes, 'trailer');
      case 'trailer': {
        if (bytes.length < 2) return 0;
        if (this.#last) this.#finish();
        else this.#state = 'size';
        return 2;
      }
    }
  }

  #head(bytes: Buffer): number {
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) return 0;
    const head = bytes.toString('latin1', 0, end).toLowerCase();
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
    if (length === undefined) this.#state = 'size';
    else {
      this.#left = Number(length);
      this.#state = 'body';
      if (this.#left === 0) this.#finish();
    }
    return end + HEAD_END.length;
  }

  #size(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n');
    if (end < 0) return 0;
    this.#left = Number.parseInt(bytes.toString('latin1', 0, end), 16);
    this.#last = this.#left === 0;
    this.#state = this.#last ? 'trailer' : 'chunk';
    return end + 2;
  }

  #piece(bytes: Buffer, next: 'head' | 'trailer'): number {
    const piece = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= piece.length;
    this.#take(piece);
    if (this.#left === 0) {
      if (next === 'head') this.#finish();
      else this.#state = 'trailer';
    }
    return piece.length;
  }

  #finish(): void {
    this.#state = 'head';
    this.#end(this.#status);
  }
}

export class Connection {
  readonly #socket: TLSSocket;
  readonly #reader: ResponseReader;
  #pieces: Buffer[] | undefined;
  #bodyBytes = 0;
  #done: (response: Response) => void = () => undefined;
  #failed: (error: Error) => void = () => undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.#reader = new ResponseReader(
      (piece) => {
        this.#bodyBytes += piece.length;
        this.#pieces?.push(piece);
      },
      (status) => {
        const body = this.#pieces === undefined ? Buffer.alloc(0) : Buffer.concat(this.#pieces);
        this.#done({ status, bodyBytes: this.#bodyBytes, body });
      },
    );
    socket.on('data', (received: Buffer) => this.#reader.feed(received));
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#failed(new Error('the server closed the connection')));
  }

  /** `done` gets the response; the body only with `keep`. */
  send(request: Buffer, keep: boolean, done: (response: Response) => void): void {
    this.#pieces = keep ? [] : undefined;
    this.#bodyBytes = 0;
    this.#done = done;
    this.#socket.write(request);
  }

  onFailure(failed: (error: Error) => void): void {
    this.#failed = failed;
  }

  /** False once either side closed it; it cannot be used again. */
  get isOpen(): boolean {
    return this.#socket.readyState === 'open';
  }

  /** Nothing is asked any more, so an end is no failure. */
  rest(): void {
    this.#failed = () => undefined;
  }

  close(): void {
    this.rest();
    this.#socket.destroy();
  }
}

export function dial(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, minVersion: 'TLSv1.3' }, () => {
      socket.off('error', reject);
      socket.setNoDelay(true);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** A whole HTTP/1.1 request. */
export function request(
  method: string,
  path: string,
  body: string | Buffer = '',
  type = 'application/json',
): Buffer {
  const head =
    `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n` +
    (body.length === 0 ? '' : `Content-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`);
  return Buffer.concat([Buffer.from(`${head}\r\n`), Buffer.from(body)]);
}
