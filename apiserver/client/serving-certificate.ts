/**
 * The serving certificate of one process: from files that somebody else renews, or self-made from our own CA in the
 * cluster, for the name that the process's Service has. Either way it changes under a running server.
 */
import type { Client } from './client.ts';
import { createInformer } from './informer.ts';
import { AUTHORITY_NAME, ensureOwnAuthority, type OwnAuthority } from './own-authority.ts';
import { untilDone } from './shared-secret.ts';
import { Secret } from '../kinds/native/secret.ts';
import { openCertificateFiles } from '../runtime/certificate-files.ts';
import { DAY_MS, issue, needsRenewal, type KeyPair } from '../runtime/certificates.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';

export interface Serving extends KeyPair {
  /** PEM of what callers have to trust; undefined when the files' owner takes care of it. */
  readonly bundle?: string;
}

export interface ServingCertificate {
  /** Resolves with the first one; goes on trying while the cluster cannot be reached. */
  first(): Promise<Serving>;
  /** Told every later one. */
  start(onChange: (serving: Serving) => void): void;
  close(): Promise<void>;
}

/** Throws when the files cannot be read. */
export function servingFromFiles(options: {
  readonly cert: string;
  readonly key: string;
  readonly clock: Clock;
  readonly log: Log;
}): ServingCertificate {
  const files = openCertificateFiles(options);
  return {
    first: async () => Promise.resolve(files.pair),
    start: (onChange) => files.start(onChange),
    close: async () => {
      files.close();
      await Promise.resolve();
    },
  };
}

const LIFETIME_MS = 30 * DAY_MS;
const RENEWAL_CHECK_MS = 3_600_000;

export interface SelfMadeOptions {
  /** Reads and writes the Secret of the CA. */
  readonly client: Client;
  readonly namespace: string;
  /** The certificate is for `<service>.<namespace>.svc`. */
  readonly service: string;
  /** Beside the names of the Service and localhost. */
  readonly otherNames?: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

export function selfMadeServing(options: SelfMadeOptions): ServingCertificate {
  return new SelfMade(options);
}

class SelfMade implements ServingCertificate {
  readonly #options: SelfMadeOptions;
  readonly #closing = new AbortController();
  readonly #informer;
  #current: { readonly authority: OwnAuthority; readonly serving: Serving } | undefined;
  #working: Promise<void> | undefined;
  #cancel: () => void = () => undefined;

  constructor(options: SelfMadeOptions) {
    this.#options = options;
    const { client, namespace, clock, log } = options;
    const fieldSelector = `metadata.name=${AUTHORITY_NAME}`;
    this.#informer = createInformer(Secret, { client, namespace, clock, log, fieldSelector });
  }

  async first(): Promise<Serving> {
    const { clock, log } = this.#options;
    const { signal } = this.#closing;
    const made = await untilDone('serving certificate', () => this.#refresh(), { clock, log, signal });
    return made.serving;
  }

  start(onChange: (serving: Serving) => void): void {
    // A CA that was replaced or deleted by hand is answered at once, age by the clock.
    this.#informer.onChange(() => this.#look(onChange));
    this.#informer.start();
    // What happened between the first one and now has no event.
    const look = (): void => this.#look(onChange);
    this.#informer.synced.then(look, () => undefined);
    this.#arm(onChange);
  }

  async close(): Promise<void> {
    this.#cancel();
    this.#closing.abort(new Error('the process is stopping'));
    await this.#informer.close();
    await this.#working;
  }

  #arm(onChange: (serving: Serving) => void): void {
    this.#cancel = this.#options.clock.after(RENEWAL_CHECK_MS, () => {
      this.#look(onChange);
      this.#arm(onChange);
    });
  }

  /** One look at a time, each after the one before: the last change is always seen. */
  #look(onChange: (serving: Serving) => void): void {
    const look = async (): Promise<void> => {
      if (this.#isClosing()) return;
      const before = this.#current?.serving;
      try {
        const { serving } = await this.#refresh();
        if (serving !== before) onChange(serving);
      } catch (error) {
        if (!this.#isClosing()) this.#options.log.error('certificates were not renewed', { error });
      }
    };
    this.#working = (this.#working ?? Promise.resolve()).then(look);
  }

  /** A call, because the compiler believes that a signal once found unaborted stays so. */
  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  async #refresh(): Promise<{ readonly serving: Serving }> {
    const { client, namespace, clock } = this.#options;
    const now = clock.now();
    const authority = await ensureOwnAuthority({ client, namespace, now, signal: this.#closing.signal });
    const known = this.#current;
    const isSame = known?.authority.authority.cert === authority.authority.cert;
    if (known !== undefined && isSame && !needsRenewal(known.serving.cert, now)) return known;
    const pair = await issue(authority.authority, {
      commonName: this.#options.service,
      subjectAltNames: this.#names(),
      usage: 'server',
      validForMs: LIFETIME_MS,
      now,
    });
    this.#current = { authority, serving: { ...pair, bundle: authority.bundle } };
    return this.#current;
  }

  #names(): readonly string[] {
    const { service, namespace, otherNames = [] } = this.#options;
    const name = `${service}.${namespace}`;
    return [
      service,
      name,
      `${name}.svc`,
      `${name}.svc.cluster.local`,
      'localhost',
      '127.0.0.1',
      ...otherNames,
    ];
  }
}
