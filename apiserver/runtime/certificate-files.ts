/**
 * A certificate and its key in two files that somebody else renews (cert-manager, a mounted Secret): read again every
 * ten seconds. A pair that does not fit together, as in the middle of a renewal, is left alone until it does.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { KeyPair } from './certificates.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

export interface CertificateFiles {
  /** What was read last. */
  readonly pair: KeyPair;
  /** Reads again from now on; `onChange` is told each new pair. */
  start(onChange: (pair: KeyPair) => void): void;
  close(): void;
}

const INTERVAL_MS = 10_000;

/** Throws when the files cannot be read or do not belong together. */
export function openCertificateFiles(options: {
  readonly cert: string;
  readonly key: string;
  readonly clock: Clock;
  readonly log: Log;
}): CertificateFiles {
  const { cert, key, clock, log } = options;
  let pair: KeyPair = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  requirePair(pair);
  let cancel: () => void = () => undefined;
  let isClosed = false;

  const look = async (onChange: (pair: KeyPair) => void): Promise<void> => {
    try {
      const next = { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
      if (next.cert === pair.cert && next.key === pair.key) return;
      requirePair(next);
      pair = next;
      log.info('certificate read again', { file: cert, serial: new X509Certificate(next.cert).serialNumber });
      onChange(next);
    } catch (error) {
      log.error('the new certificate cannot be used, the old one stays', { file: cert, error });
    }
  };
  const arm = (onChange: (pair: KeyPair) => void): void => {
    cancel = clock.after(INTERVAL_MS, () => {
      void look(onChange).then(() => {
        if (!isClosed) arm(onChange);
      });
    });
  };
  return {
    get pair() {
      return pair;
    },
    start: arm,
    close: () => {
      isClosed = true;
      cancel();
    },
  };
}

function requirePair({ cert, key }: KeyPair): void {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    throw new Error('the certificate does not belong to the key');
  }
}
