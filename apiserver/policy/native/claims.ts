/**
 * What a pod asks to be given: label `polder.dev/inject: "true"` and annotations that name Depots and Credentials.
 *
 *   polder.dev/credentials: api-key, PG=warehouse-login
 *   polder.dev/depots: lake, PG=warehouse:rw
 *
 * `PG=` sets the prefix of environment variables (default: the name in capitals), `:rw` picks one of a depot's
 * credentials by purpose (default: its only one, else `query`).
 */
import { tenantNamespace } from '../../api/identity.ts';
import { at, type JsonObject } from '../../api/json.ts';
import { Credential } from '../../kinds/credential.ts';
import { Depot } from '../../kinds/depot.ts';
import type { TenantIdentity } from '../engine.ts';
import type { Lookup } from '../rules/rule.ts';
import { metadataText } from './pods.ts';

export const INJECT_LABEL = 'polder.dev/inject';
export const DEPOTS_ANNOTATION = 'polder.dev/depots';
export const CREDENTIALS_ANNOTATION = 'polder.dev/credentials';

const MAX_CLAIMS = 32;
const CLAIM =
  /^(?:([A-Za-z_][A-Za-z0-9_]{0,63})=)?([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)(?::(scan|query|rw))?$/;

export interface Claim {
  readonly annotation: string;
  readonly kind: typeof Depot | typeof Credential;
  readonly name: string;
  /** Prefix of environment variables, without the underscore. */
  readonly as: string;
  readonly purpose: string | undefined;
}

export type ParsedClaims =
  | { readonly claims: readonly Claim[] }
  /** What cannot be understood. */
  | { readonly field: string; readonly problem: string };

const NOTHING: ParsedClaims = { claims: [] };

/** The claims of a pod or pod template; none without the label. */
export function claimsOf(metadata: JsonObject): ParsedClaims {
  if (metadataText(metadata, 'labels', INJECT_LABEL) !== 'true') return NOTHING;
  const claims: Claim[] = [];
  for (const [annotation, kind] of ANNOTATIONS) {
    const field = `metadata.annotations[${annotation}]`;
    for (const item of itemsOf(metadataText(metadata, 'annotations', annotation))) {
      const claim = parseClaim(item, annotation, kind);
      if (claim === undefined)
        return { field, problem: `must list ${kind.plural} by name, such as ${example(kind)}` };
      claims.push(claim);
    }
    if (claims.length > MAX_CLAIMS) return { field, problem: `at most ${MAX_CLAIMS} names can be injected` };
  }
  if (claims.length > 0) return { claims };
  const problem = `"${INJECT_LABEL}" needs the annotation ${DEPOTS_ANNOTATION} or ${CREDENTIALS_ANNOTATION}`;
  return { field: 'metadata.annotations', problem };
}

const ANNOTATIONS = [
  [CREDENTIALS_ANNOTATION, Credential],
  [DEPOTS_ANNOTATION, Depot],
] as const;

const itemsOf = (text = ''): readonly string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

function parseClaim(item: string, annotation: string, kind: Claim['kind']): Claim | undefined {
  const [, as, name, purpose] = CLAIM.exec(item) ?? [];
  if (name === undefined || (purpose !== undefined && kind === Credential)) return undefined;
  return { annotation, kind, name, as: as ?? prefixOf(name), purpose };
}

const example = (kind: Claim['kind']): string =>
  kind === Depot ? '"lake, PG=warehouse:rw"' : '"api-key, PG=warehouse-login"';

/** `warehouse-login` as `WAREHOUSE_LOGIN`. */
export const prefixOf = (name: string): string =>
  name
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '_')
    .replace(/^(?=[0-9])/, '_');

/** A claim with what it stands for, looked up in the tenant's control-plane namespace. */
export interface ResolvedClaim {
  readonly claim: Claim;
  /** The Credential whose values are given; undefined for a depot that has none. */
  readonly credential: { readonly name: string; readonly object: JsonObject } | undefined;
  readonly depot: JsonObject | undefined;
}

export type Resolution = ResolvedClaim | { readonly claim: Claim; readonly missing: string };

/** Looks a claim up; `missing` reads the same for what does not exist and what belongs to somebody else. */
export function resolveClaim(claim: Claim, tenant: TenantIdentity, lookup: Lookup): Resolution {
  const home = tenantNamespace(tenant.name);
  const found = lookup.find(claim.kind, home, claim.name);
  if (found === undefined) return { claim, missing: missing(claim.kind, claim.name) };
  if (claim.kind === Credential)
    return { claim, credential: { name: claim.name, object: found }, depot: undefined };
  const entries = credentialsOf(found, tenant.name);
  const name = pick(entries, claim.purpose);
  if (name === undefined) {
    const isOpen = claim.purpose === undefined && entries.length === 0;
    if (isOpen) return { claim, credential: undefined, depot: found };
    const wanted = claim.purpose ?? 'query';
    return { claim, missing: `Depot "${claim.name}" has no credential for the purpose "${wanted}"` };
  }
  const object = lookup.find(Credential, home, name);
  if (object === undefined) return { claim, missing: missing(Credential, name) };
  return { claim, credential: { name, object }, depot: found };
}

const missing = (kind: Claim['kind'], name: string): string =>
  `there is no ${kind.kind} ${JSON.stringify(name)} in this tenant`;

interface DepotCredential {
  readonly purpose: unknown;
  readonly name: string;
}

/** Of the own tenant: a Credential of another one is never used across the border. */
function credentialsOf(depot: JsonObject, tenant: string): readonly DepotCredential[] {
  const entries = at(depot, 'spec.credentials');
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    const name = at(entry, 'ref.name');
    const owner = at(entry, 'ref.tenant');
    const isOwn = owner === undefined || owner === tenant;
    return isOwn && typeof name === 'string' ? [{ purpose: at(entry, 'purpose'), name }] : [];
  });
}

function pick(entries: readonly DepotCredential[], purpose: string | undefined): string | undefined {
  if (purpose === undefined && entries.length === 1) return entries[0]?.name;
  return entries.find((entry) => entry.purpose === (purpose ?? 'query'))?.name;
}
