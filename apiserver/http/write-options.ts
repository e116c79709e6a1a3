/**
 * Options of create, update, patch and delete, with the checks and the wording of Kubernetes.
 * source: kubernetes/apimachinery pkg/apis/meta/v1/validation/validation.go
 */
import { cause } from '../api/causes.ts';
import { badRequest, invalid, type ApiError, type Cause } from '../api/errors.ts';
import { isObject, type JsonObject } from '../api/json.ts';
import { managerCauses } from '../api/validate-meta.ts';
import type { DeleteOptions, FieldValidation, WriteOptions } from '../registry/registry.ts';
import type { PatchType } from './negotiation.ts';
import { flag, integer, notSupported } from './read-options.ts';

const GROUP = 'meta.k8s.io';
const EMPTY = new URLSearchParams();
/** Bytes of a field manager. */
const MAX_MANAGER_LENGTH = 128;
const SIMPLE_MANAGER = /^[\w.-]{1,128}$/;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;
const FIELD_VALIDATIONS: readonly FieldValidation[] = ['Ignore', 'Strict', 'Warn'];

export type WriteKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions';

/** Throws `ApiError` Invalid. The manager defaults to the user agent up to its first slash. */
export function readWriteOptions(
  query: URLSearchParams | undefined,
  kind: WriteKind,
  userAgent: string | undefined,
): WriteOptions {
  if (query === undefined) {
    return { dryRun: false, fieldManager: defaultManager(userAgent), fieldValidation: 'Warn' };
  }
  const manager = query.get('fieldManager') ?? '';
  const validation = query.get('fieldValidation') ?? '';
  const dryRun = query.getAll('dryRun');
  const causes = [
    ...managerCauses(manager, 'fieldManager'),
    ...dryRunProblems(dryRun),
    ...(validation === '' || FIELD_VALIDATIONS.some((known) => known === validation)
      ? []
      : [notSupported('fieldValidation', validation, ['', ...FIELD_VALIDATIONS])]),
  ];
  if (causes.length > 0) throw invalid({ group: GROUP, kind }, '', causes);
  return {
    dryRun: dryRun.length > 0,
    fieldManager: manager === '' ? defaultManager(userAgent) : manager,
    fieldValidation: validation === '' ? 'Warn' : (validation as FieldValidation),
    sent: filled({ dryRun, fieldManager: manager, fieldValidation: validation }),
  };
}

/** Checks what only patches have and returns `force`. Throws `ApiError` Invalid. */
export function readForce(query: URLSearchParams | undefined, type: PatchType): boolean {
  const params = query ?? EMPTY;
  const force = flag(params, 'force');
  const causes: Cause[] = [];
  if (type === 'apply') {
    if ((params.get('fieldManager') ?? '') === '') {
      causes.push({
        reason: 'FieldValueRequired',
        field: 'fieldManager',
        message: 'Required value: is required for apply patch',
      });
    }
  } else if (force !== undefined) {
    causes.push({
      reason: 'FieldValueForbidden',
      field: 'force',
      message: 'Forbidden: may not be specified for non-apply patch',
    });
  }
  if (causes.length > 0) throw invalid({ group: GROUP, kind: 'PatchOptions' }, '', causes);
  return force ?? false;
}

/** Without what is absent or empty, as Go leaves it away. */
function filled(fields: Readonly<Record<string, unknown>>): JsonObject {
  const isFilled = (value: unknown): boolean =>
    value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isFilled(value))) as JsonObject;
}

function dryRunProblems(values: readonly string[]): readonly Cause[] {
  if (values.every((value) => value === 'All')) return [];
  return [cause.notSupported('dryRun', values, ['All'])];
}

function defaultManager(userAgent: string | undefined): string {
  const product = (userAgent ?? '').split('/', 1)[0] ?? '';
  if (SIMPLE_MANAGER.test(product)) return product;
  let manager = '';
  for (const char of product) {
    if (!PRINTABLE.test(char)) continue;
    if (Buffer.byteLength(manager + char) > MAX_MANAGER_LENGTH) break;
    manager += char;
  }
  return manager === '' ? 'unknown' : manager;
}

const POLICIES = ['Foreground', 'Background', 'Orphan'] as const;
type Policy = (typeof POLICIES)[number];

interface Preconditions {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/** The fields of meta/v1 DeleteOptions that mean something here, not yet checked. */
interface RawDeleteOptions {
  readonly dryRun: readonly string[];
  readonly preconditions: Preconditions | undefined;
  readonly propagationPolicy: string | undefined;
  readonly orphanDependents: boolean | undefined;
  readonly gracePeriodSeconds: number | undefined;
}

/**
 * From the body when there is one (then the query does not count), else from the query.
 * Throws `ApiError` BadRequest or Invalid.
 */
export function readDeleteOptions(query: URLSearchParams | undefined, body: unknown): DeleteOptions {
  const raw = body === undefined ? deleteFromQuery(query ?? EMPTY) : deleteFromBody(body);
  const { preconditions, orphanDependents, gracePeriodSeconds } = raw;
  const { uid, resourceVersion } = preconditions ?? {};
  const causes = deleteProblems(raw);
  if (causes.length > 0) throw invalid({ group: GROUP, kind: 'DeleteOptions' }, '', causes);
  const legacy = orphanDependents === true ? 'Orphan' : 'Background';
  return {
    dryRun: raw.dryRun.length > 0,
    propagationPolicy: (raw.propagationPolicy ?? legacy) as Policy,
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    sent: filled({ ...raw, preconditions: preconditions && filled({ ...preconditions }) }),
  };
}

function deleteProblems(raw: RawDeleteOptions): readonly Cause[] {
  const causes: Cause[] = [...dryRunProblems(raw.dryRun)];
  const { propagationPolicy, orphanDependents, gracePeriodSeconds } = raw;
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    causes.push({
      reason: 'FieldValueInvalid',
      field: 'propagationPolicy',
      message: `Invalid value: ${JSON.stringify(propagationPolicy)}: orphanDependents and deletionPropagation cannot be both set`,
    });
  }
  if (propagationPolicy !== undefined && !POLICIES.some((known) => known === propagationPolicy)) {
    causes.push(notSupported('propagationPolicy', propagationPolicy, [...POLICIES, 'nil']));
  }
  if (gracePeriodSeconds !== undefined && gracePeriodSeconds < 0) {
    causes.push({
      reason: 'FieldValueInvalid',
      field: 'gracePeriodSeconds',
      message: `Invalid value: ${gracePeriodSeconds}: must be greater than or equal to 0`,
    });
  }
  return causes;
}

function deleteFromQuery(params: URLSearchParams): RawDeleteOptions {
  return {
    dryRun: params.getAll('dryRun'),
    preconditions: undefined,
    propagationPolicy: params.get('propagationPolicy') ?? undefined,
    orphanDependents: flag(params, 'orphanDependents'),
    gracePeriodSeconds: integer(params, 'gracePeriodSeconds'),
  };
}

/**
 * `kind: DeleteOptions` of any group; client-go sends `v1`, metadata clients `meta.k8s.io/v1`. JSON's null is an object
 * without fields. What has another type is refused, never taken as absent: a dry run must not become a deletion.
 */
function deleteFromBody(body: unknown): RawDeleteOptions {
  const options = body ?? {};
  if (!isObject(options)) throw badRequest('the body of a delete must be a DeleteOptions object');
  const kind = own(options, 'kind');
  if (kind !== undefined && kind !== 'DeleteOptions') {
    throw badRequest('the body of a delete must be of kind DeleteOptions');
  }
  text(options, 'apiVersion');
  // Nothing that is stored here can become unreadable, so only the type of this one matters.
  typed(options, 'ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean');
  const preconditions = own(options, 'preconditions');
  if (preconditions !== undefined && !isObject(preconditions)) throw mistyped('preconditions', 'an object');
  return {
    dryRun: texts(options, 'dryRun'),
    preconditions: preconditions && {
      uid: text(preconditions, 'uid'),
      resourceVersion: text(preconditions, 'resourceVersion'),
    },
    propagationPolicy: text(options, 'propagationPolicy'),
    orphanDependents: typed(options, 'orphanDependents', 'boolean'),
    gracePeriodSeconds: wholeNumber(options, 'gracePeriodSeconds'),
  };
}

type Fields = Readonly<Record<string, unknown>>;

const mistyped = (field: string, words: string): ApiError =>
  badRequest(`DeleteOptions: ${field} must be ${words}`);

/** Undefined for null as well. */
function own(object: Fields, field: string): unknown {
  return Object.hasOwn(object, field) && object[field] !== null ? object[field] : undefined;
}

interface Typed {
  string: string;
  boolean: boolean;
  number: number;
}
function typed<T extends keyof Typed>(object: Fields, field: string, type: T): Typed[T] | undefined {
  const value = own(object, field);
  if (value === undefined) return undefined;
  if (typeof value !== type) throw mistyped(field, `a ${type}`);
  return value as Typed[T];
}
const text = (object: Fields, field: string): string | undefined => typed(object, field, 'string');

function wholeNumber(object: Fields, field: string): number | undefined {
  const value = typed(object, field, 'number');
  if (value !== undefined && !Number.isSafeInteger(value)) throw mistyped(field, 'an integer');
  return value;
}

/** Null among them is the empty text, as in Go. */
function texts(object: Fields, field: string): readonly string[] {
  const value = own(object, field) ?? [];
  if (!Array.isArray(value)) throw mistyped(field, 'a list of strings');
  return value.map((item: unknown) => {
    if (item !== null && typeof item !== 'string') throw mistyped(field, 'a list of strings');
    return item ?? '';
  });
}
