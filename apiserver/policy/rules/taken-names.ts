/**
 * Names that stand for something outside of the API are given out once: the namespace of a data cluster on the planes,
 * over all tenants, and the namespace of a tenant. Two writes at the same moment are told apart by the controllers.
 */
import { at, type JsonObject } from '../../api/json.ts';
import { tenantNamespace } from '../../api/identity.ts';
import { DataCluster } from '../../kinds/data-cluster.ts';
import { Namespace } from '../../kinds/native/namespace.ts';
import { defaultSlug, targetNamespace } from '../../kinds/slug.ts';
import { Tenant } from '../../kinds/tenant.ts';
import { isComponent } from '../subjects.ts';
import { NONE, type Lookup, type Rule, type RuleContext, type Violation } from './rule.ts';

export const takenNames: Rule = {
  name: 'taken-names',
  check: ({ kind, operation, subresource, namespace, name, object, oldObject, user }, context) => {
    if (operation === 'DELETE' || subresource !== '' || isComponent(user)) return NONE;
    if (kind === Tenant) return operation === 'CREATE' ? namespaceOf(name, context.lookup) : NONE;
    if (kind !== DataCluster) return NONE;
    const slug = slugOf(context, namespace, name, object);
    const isSame = oldObject !== undefined && slugOf(context, namespace, name, oldObject) === slug;
    return isSame || !isTaken(context, slug, { namespace, name }) ? NONE : [taken(slug)];
  },
};

/** What the tenant is to get: the controllers never take over a namespace, so it would wait for good. */
function namespaceOf(tenant: string, lookup: Lookup): readonly Violation[] {
  const wanted = tenantNamespace(tenant);
  const found = lookup.find(Namespace, '', wanted);
  if (found === undefined) return NONE;
  const isLeaving = at(found, 'metadata.deletionTimestamp') !== undefined;
  const why = isLeaving
    ? 'is still being deleted; try again when it is gone'
    : 'exists already; choose another name';
  const message = `the namespace "${wanted}" of the tenant ${why}`;
  return [
    { code: 'NAME_TAKEN', is: 'conflict', field: 'metadata.name', reason: 'FieldValueDuplicate', message },
  ];
}

/** Says nothing about who has it. */
const taken = (slug: string): Violation => ({
  code: 'NAME_TAKEN',
  is: 'conflict',
  field: 'spec.slug',
  reason: 'FieldValueDuplicate',
  message: `the name "${targetNamespace(slug)}" is taken on the planes; choose another spec.slug`,
});

function slugOf(
  { engine }: RuleContext,
  namespace: string,
  name: string,
  object: JsonObject | undefined,
): string {
  const given = at(object, 'spec.slug');
  return typeof given === 'string' ? given : defaultSlug(engine.tenantOf(namespace)?.name ?? '', name);
}

interface Own {
  readonly namespace: string;
  readonly name: string;
}

/** A cluster that is being deleted is there until its plane has confirmed that the namespace is gone. */
function isTaken(context: RuleContext, slug: string, own: Own): boolean {
  return context.lookup.findAll(DataCluster).some((each) => {
    if (each.namespace === own.namespace && each.name === own.name) return false;
    return slugOf(context, each.namespace, each.name, each.read()) === slug;
  });
}
