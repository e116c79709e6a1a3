/**
 * What happens to a Credential on its way in: inline values are sealed to the data planes that need them and taken
 * out of the object, out of what kubectl keeps in its annotation, and out of managedFields.
 */
import { createHmac } from 'node:crypto';
import type { AdmissionRequest } from '../api/admission.ts';
import { invalid, type Cause } from '../api/errors.ts';
import { at, isObject, type Json, type JsonObject } from '../api/json.ts';
import { missingValues, Credential } from '../kinds/credential.ts';
import { DataCluster } from '../kinds/data-cluster.ts';
import { DataPlane } from '../kinds/data-plane.ts';
import type { PublicKey } from '../kinds/data-plane-status.ts';
import type { TenantIdentity } from '../policy/engine.ts';
import type { RuleContext } from '../policy/rules/rule.ts';
import { seal, thumbprintsOf, type SealingKey } from './seal.ts';
import { timestamp } from '../runtime/clock.ts';
import { withoutValues } from './write-only.ts';

export interface SealingDeps extends RuleContext {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** 32 bytes that never leave this installation: a bare digest of a weak password could be guessed. */
  readonly fingerprintKey: Uint8Array;
}

/** The object to go on with; holds no values. Throws `ApiError` Invalid when they cannot be sealed. */
export async function sealCredential(
  deps: SealingDeps,
  request: AdmissionRequest,
  object: JsonObject,
): Promise<JsonObject> {
  const stripped = withoutValues(object);
  const stringData = at(object, 'spec.stringData');
  if (stringData === undefined || stringData === null) return stripped;
  const problems = checkValues(object, stringData);
  if (problems.length > 0) throw invalid(Credential, request.name, problems);
  const values = stringData as Readonly<Record<string, string>>;
  const tenant = deps.engine.tenantOf(request.namespace);
  // Outside of a tenant nothing is accepted anyway; the rule about namespaces says so.
  if (tenant === undefined) return stripped;

  const keys = sealingKeys(deps, request, object);
  const fingerprint = fingerprintOf(deps, tenant, values);
  if (await isSame(request.oldObject, fingerprint, keys)) {
    return withSealed(
      stripped,
      at(request.oldObject, 'spec.sealed') as string,
      request.oldObject?.['status'],
    );
  }
  const sealed = await seal(
    values,
    { tenant: tenant.name, tenantUid: tenant.uid, credential: request.name },
    keys,
  );
  const version = at(request.oldObject, 'status.version');
  return withSealed(stripped, sealed.text, {
    ...asObject(request.oldObject?.['status']),
    fingerprint,
    keys: Object.keys(values).sort(),
    version: (typeof version === 'number' ? version : 0) + 1,
    rotatedAt: timestamp(deps.now()),
    sealedFor: sealed.recipients,
  });
}

const MAX_VALUES = 64;
const MAX_VALUE_LENGTH = 65_536;
const KEY = /^[-._a-zA-Z0-9]{1,253}$/;

/** The schema does not see values any more once they are sealed. Never repeats one. */
function checkValues(object: JsonObject, stringData: unknown): readonly Cause[] {
  const field = 'spec.stringData';
  const wrong = (path: string, why: string): Cause => ({
    reason: 'FieldValueInvalid',
    field: path,
    message: `Invalid value: "<redacted>": ${why}`,
  });
  if (!isObject(stringData)) return [wrong(field, 'must be a map of strings')];
  const entries = Object.entries(stringData);
  if (entries.length > MAX_VALUES) return [wrong(field, `must have at most ${MAX_VALUES} values`)];
  const causes = entries.flatMap(([key, value]) => {
    if (!KEY.test(key)) return [wrong(field, 'keys consist of letters, digits, "-", "_" and "."')];
    if (typeof value !== 'string') return [wrong(`${field}.${key}`, 'must be a string; put it in quotes')];
    return value.length > MAX_VALUE_LENGTH
      ? [wrong(`${field}.${key}`, `must be no longer than ${MAX_VALUE_LENGTH} characters`)]
      : [];
  });
  const source = at(object, 'spec.source') ?? 'Inline';
  if (source !== 'Inline') causes.push(wrong(field, 'only source Inline takes values'));
  if (causes.length > 0) return causes;
  const type = at(object, 'spec.type');
  // An unknown type is reported by the schema.
  return isCredentialType(type) ? missingValues(type, stringData as Readonly<Record<string, string>>) : [];
}

type CredentialType = Parameters<typeof missingValues>[0];
const TYPES: ReadonlySet<unknown> = new Set<CredentialType>(['key-value', 'basic', 'token', 's3', 'tls']);
const isCredentialType = (type: unknown): type is CredentialType => TYPES.has(type);

/** Keys of the planes that host the targets; of every plane of the tenant when there are no targets. */
function sealingKeys(
  deps: SealingDeps,
  request: AdmissionRequest,
  object: JsonObject,
): readonly SealingKey[] {
  const planes = targetPlanes(deps, request.namespace, at(object, 'spec.targets'));
  const keys = planes.flatMap((plane) => {
    const key = at(deps.lookup.find(DataPlane, '', plane), 'status.publicKeys.seal');
    return isPublicKey(key) ? [{ plane, key }] : [];
  });
  if (keys.length === 0) {
    const where =
      planes.length === 0
        ? 'the tenant has no data cluster on a data plane yet'
        : 'no target data plane has registered a sealing key';
    throw invalid(Credential, request.name, [
      {
        reason: 'FieldValueForbidden',
        field: 'spec.stringData',
        message:
          `Forbidden: values are kept only sealed to a data plane, and ${where}; ` +
          'apply again when it is registered, or use source Generated, External or Sealed',
      },
    ]);
  }
  const without = planes.filter((plane) => !keys.some((known) => known.plane === plane));
  if (without.length > 0) {
    request.warn(
      `spec.stringData: ${without.length} target data plane(s) have no sealing key yet and will not get the values until they are applied again`,
    );
  }
  return keys;
}

function targetPlanes({ lookup }: RuleContext, namespace: string, targets: unknown): readonly string[] {
  const wanted = Array.isArray(targets)
    ? new Set(targets.map((target: unknown) => at(target, 'dataClusterRef')))
    : undefined;
  const planes = lookup
    .findAll(DataCluster, namespace)
    .filter(({ name }) => wanted === undefined || wanted.size === 0 || wanted.has(name))
    .map((cluster) => at(cluster.read(), 'spec.dataPlaneRef'));
  return [...new Set(planes)].filter((plane): plane is string => typeof plane === 'string').sort();
}

const isPublicKey = (value: unknown): value is PublicKey & JsonObject =>
  isObject(value) &&
  typeof value['kty'] === 'string' &&
  typeof value['x'] === 'string' &&
  !Object.hasOwn(value, 'd');

/** Comparable within a tenant only. */
function fingerprintOf(
  deps: SealingDeps,
  tenant: TenantIdentity,
  values: Readonly<Record<string, string>>,
): string {
  const sorted = Object.keys(values)
    .sort()
    .map((key) => [key, values[key]]);
  return createHmac('sha256', deps.fingerprintKey)
    .update(JSON.stringify([tenant.uid, sorted]))
    .digest('base64url');
}

/** Applying the same values again changes nothing, although every encryption looks different. */
async function isSame(
  old: JsonObject | undefined,
  fingerprint: string,
  keys: readonly SealingKey[],
): Promise<boolean> {
  if (at(old, 'status.fingerprint') !== fingerprint || typeof at(old, 'spec.sealed') !== 'string')
    return false;
  const sealedFor: unknown = at(old, 'status.sealedFor');
  return JSON.stringify(sealedFor) === JSON.stringify(await thumbprintsOf(keys));
}

function withSealed(object: JsonObject, sealed: string, status: Json | undefined): JsonObject {
  const spec = { ...asObject(object['spec']), sealed };
  return { ...object, spec, ...(status === undefined ? {} : { status }) };
}

const asObject = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
