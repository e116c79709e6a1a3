/**
 * Every name of another object must lead somewhere the author may use: within the tenant, on the platform, or in a
 * tenant that shares it. What does not exist and what belongs to somebody else read the same.
 */
import type { AdmissionRequest } from '../../api/admission.ts';
import { tenantNamespace } from '../../api/identity.ts';
import type { JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { Credential } from '../../kinds/credential.ts';
import { Tenant } from '../../kinds/tenant.ts';
import { addedReferences, type FoundReference } from '../references.ts';
import { isComponent } from '../subjects.ts';
import { isOpenedByTenant, isOpenTo } from './open-targets.ts';
import { NONE, ownKind, type Rule, type RuleContext, type Violation } from './rule.ts';

export const references: Rule = {
  name: 'references',
  check: (request, context) => {
    if (request.operation === 'DELETE' || request.subresource !== '') return NONE;
    const added = addedReferences(request.kind, request.object, request.oldObject);
    let violations = NONE;
    for (const found of added) {
      const target = ownKind(found.reference.to);
      const objections = target === undefined ? NONE : checkReference(request, context, found, target);
      if (objections.length > 0) violations = [...violations, ...objections];
    }
    return violations;
  },
};

function checkReference(
  request: AdmissionRequest,
  context: RuleContext,
  found: FoundReference,
  target: Kind,
): readonly Violation[] {
  const own = context.engine.tenantOf(request.namespace);
  if (found.tenant !== '' && found.tenant !== own?.name) return checkForeign(request, context, found, target);
  const namespace = target.scope === 'Cluster' ? '' : request.namespace;
  const objection = mayUse(request, context, attributesOf(target, namespace, found));
  if (objection !== undefined) {
    const message = `${target.kind} "${found.name}" may not be used by ${request.user.name}: ${objection}`;
    return [{ code: 'NOT_GRANTED', is: 'forbidden', field: found.path, message }];
  }
  const object = context.lookup.find(target, namespace, found.name);
  if (own === undefined || !isOpenedByTenant(target)) return orMissing(target, found, object);
  const tenant = context.lookup.find(Tenant, '', own.name);
  const isOpen = object !== undefined && tenant !== undefined && isOpenTo(target, object, tenant);
  return isOpen ? NONE : [notOpen(target, found)];
}

/** Why the author may not use the target; undefined when that is allowed. Our components act for the tenant. */
function mayUse(
  { user }: AdmissionRequest,
  { engine }: RuleContext,
  attributes: ReturnType<typeof attributesOf>,
): string | undefined {
  if (isComponent(user)) return undefined;
  const { allowed, reason } = engine.authorize(user, attributes);
  return allowed ? undefined : reason;
}

/** Another tenant's object: its owner has to share it by name; Credentials never leave their tenant. */
function checkForeign(
  request: AdmissionRequest,
  context: RuleContext,
  found: FoundReference,
  target: Kind,
): readonly Violation[] {
  const provider = tenantNamespace(found.tenant);
  if (target === Credential) {
    const message = `refers to ${target.kind} "${found.name}" of tenant "${found.tenant}"; a ${target.kind} is never used across tenants`;
    return [{ code: 'CROSS_TENANT_REF', is: 'forbidden', field: found.path, message }];
  }
  const attributes = attributesOf(target, provider, found);
  if (!context.engine.shared(request.namespace, provider, attributes).allowed) {
    const action = `${target.plural}:${attributes.verb}`;
    const message =
      `refers to ${target.kind} "${found.name}" of tenant "${found.tenant}", which does not share it with this tenant; ` +
      `tenant "${found.tenant}" shares it by an AccessPolicy that allows "${action}" to this tenant`;
    return [{ code: 'CROSS_TENANT_REF', is: 'forbidden', field: found.path, message }];
  }
  return orMissing(target, found, context.lookup.find(target, provider, found.name));
}

function attributesOf(
  target: Kind,
  namespace: string,
  found: FoundReference,
): Parameters<RuleContext['engine']['shared']>[2] {
  return {
    is: 'resource',
    verb: found.reference.verb ?? 'use',
    group: target.group,
    version: target.version,
    resource: target.plural,
    subresource: '',
    namespace,
    name: found.name,
  };
}

function orMissing(
  target: Kind,
  found: FoundReference,
  object: JsonObject | undefined,
): readonly Violation[] {
  if (object !== undefined || found.reference.required === false) return NONE;
  const message = `Not found: ${JSON.stringify(found.name)}: create the ${target.kind} first`;
  return [
    { code: 'REFERENCE_NOT_FOUND', is: 'invalid', field: found.path, reason: 'FieldValueNotFound', message },
  ];
}

const notOpen = (target: Kind, found: FoundReference): Violation => ({
  code: 'POOL_NOT_GRANTED',
  is: 'forbidden',
  field: found.path,
  message: `there is no ${target.kind} "${found.name}" that is open to this tenant; ask an operator`,
});
