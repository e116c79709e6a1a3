/** What others depend on is not deleted under them: the answer lists who has to go or change first. */
import type { AdmissionRequest } from '../../api/admission.ts';
import { at, type JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { KINDS } from '../../kinds/index.ts';
import { referencesOf } from '../references.ts';
import { isComponent } from '../subjects.ts';
import { NONE, type Rule, type RuleContext } from './rule.ts';

const MAX_LISTED = 10;

/** Kinds that protect a target kind, looked up once. */
const DEPENDENTS: ReadonlyMap<string, readonly Kind[]> = new Map(
  KINDS.map((target) => [
    target.kind,
    KINDS.filter((kind) => kind.storage === 'stored' && protects(kind, target.kind)),
  ]),
);

function protects(kind: Kind, target: string): boolean {
  return kind.references.some((reference) => reference.to === target && reference.protects !== false);
}

export const deletionProtection: Rule = {
  name: 'deletion-protection',
  check: (request, context) => {
    // Our components take things down in the order of dependency and may be asked to force it.
    if (request.operation !== 'DELETE' || request.kind.origin !== 'own' || isComponent(request.user))
      return NONE;
    const blockers = (DEPENDENTS.get(request.kind.kind) ?? []).flatMap((kind) =>
      blockersOf(request, context, kind),
    );
    if (blockers.length === 0) return NONE;
    const distinct = [...new Set(blockers)];
    const shown = distinct.slice(0, MAX_LISTED).join(', ');
    const more = distinct.length > MAX_LISTED ? ` and ${distinct.length - MAX_LISTED} more` : '';
    const message = `DeletionBlocked: still used by ${shown}${more}; delete or change what uses it first`;
    return [{ code: 'DELETION_BLOCKED', is: 'forbidden', message }];
  },
};

/** Names within the namespace of the request; of other tenants only how many, by tenant. */
function blockersOf(request: AdmissionRequest, context: RuleContext, kind: Kind): readonly string[] {
  const own = context.engine.tenantOf(request.namespace)?.name ?? '';
  const counts = new Map<string, number>();
  const blockers: string[] = [];
  for (const stored of context.lookup.findAll(kind, reachOf(request, kind))) {
    const isHere = stored.namespace === request.namespace;
    const object = stored.read();
    const isLeaving = at(object, 'metadata.deletionTimestamp') !== undefined;
    if (isLeaving || !uses(kind, object, request, tenantsFrom(isHere, request.namespace, own))) continue;
    if (isHere || stored.namespace === '') blockers.push(`${kind.kind} "${stored.name}"`);
    else {
      const tenant = context.engine.tenantOf(stored.namespace)?.name ?? stored.namespace;
      counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
    }
  }
  const elsewhere = [...counts].map(([tenant, count]) => `${count} ${kind.plural} of tenant "${tenant}"`);
  return [...blockers, ...elsewhere];
}

/** The namespace in which users can be; undefined when they can be anywhere. */
function reachOf({ kind: target, namespace }: AdmissionRequest, kind: Kind): string | undefined {
  const crosses = kind.references.some(
    ({ to, tenantField }) => to === target.kind && tenantField !== undefined,
  );
  return namespace === '' || crosses ? undefined : namespace;
}

/** From elsewhere an object of a tenant is named with that tenant; platform objects are named by anyone. */
function tenantsFrom(isHere: boolean, namespace: string, own: string): readonly string[] {
  if (namespace === '') return [''];
  if (isHere) return ['', own];
  return own === '' ? [] : [own];
}

function uses(kind: Kind, object: JsonObject, target: AdmissionRequest, tenants: readonly string[]): boolean {
  return referencesOf(kind, object).some(
    ({ reference, name, tenant }) =>
      reference.to === target.kind.kind &&
      reference.protects !== false &&
      name === target.name &&
      tenants.includes(tenant),
  );
}
