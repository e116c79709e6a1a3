/** What the HTTP server is given: everything it serves from, its limits, and what may be mounted beside it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Attributes, UserInfo } from '../api/identity.ts';
import type { Kind } from '../api/kind.ts';
import type { AccessGate, Authorizer } from '../policy/policy.ts';
import type { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { Audit } from './audit.ts';
import type { Authenticator } from './authentication/authenticator.ts';
import type { HealthCheck } from './health.ts';
import type { OpenApiDocuments } from './openapi/documents.ts';

export interface Tls {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** PEM; named to clients so that they know which certificate to present. */
  readonly clientCa: string;
}

export interface Limits {
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
  /** Requests being worked on at once; watches do not count. */
  readonly inFlightReads: number;
  readonly inFlightWrites: number;
  /** Bytes of events that may wait for one slow watch client before it is cut. */
  readonly watchQueueBytes: number;
  readonly maxConnections: number;
}
export const DEFAULT_LIMITS: Limits = {
  maxBodyBytes: 3 * 1024 * 1024,
  maxHeaderBytes: 128 * 1024,
  inFlightReads: 400,
  inFlightWrites: 200,
  watchQueueBytes: 8 * 1024 * 1024,
  maxConnections: 20_000,
};

/** A subtree of paths that authenticates, authorises and answers by itself. */
export interface ExtraRoute {
  /** Such as `/polder/planes`: matches itself and everything below it. */
  readonly prefix: string;
  handle(request: IncomingMessage, response: ServerResponse): void;
}
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface HttpServerDeps {
  readonly registry: Registry;
  readonly authorizer: Authorizer;
  /** See `PipelineDeps.gate`. */
  readonly gate?: AccessGate;
  readonly authenticator: Authenticator;
  readonly kinds: readonly Kind[];
  readonly openApi: OpenApiDocuments;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly audit: Audit;
  readonly clock: Clock;
  /** Default `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits>;
  readonly health: readonly HealthCheck[];
  readonly tls: Tls;
  /** The body of /version. */
  readonly version: Readonly<Record<string, string>>;
  /** See `PipelineDeps.ready`. */
  readonly ready?: (attributes: Attributes, user: UserInfo) => Promise<void> | undefined;
  readonly extraRoutes?: readonly ExtraRoute[];
}
