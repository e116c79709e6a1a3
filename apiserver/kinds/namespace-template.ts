/** A NamespaceTemplate is a set of manifests that every matching tenant's namespaces on the planes get. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import { isObject, type Json } from '../api/json.ts';
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { bool, embedded, int, list, listMap, map, obj, opt, str, type Value } from '../api/schema.ts';
import { labelSelector } from './fields.ts';
import { objectName, prose } from './names.ts';
import { conditions, conditionStatus, observedGeneration } from './status.ts';
import { RESERVED_VARIABLES, variablesOf } from './template-text.ts';

const variable = obj('One variable.', {
  description: opt(prose('What the variable is for.')),
  default: opt(str('Value when a tenant sets none.', { maxLength: 1024 })),
  required: bool('A tenant must set a value.', { default: false }),
});

const spec = obj('Desired state.', {
  selector: opt(labelSelector('Labels of tenants that get the manifests; every tenant when not set.')),
  order: int('Templates are applied in ascending order.', { minimum: 0, maximum: 10_000, default: 100 }),
  manifests: list(
    'Namespaced objects; {{ name }} in a string stands for a variable.',
    embedded('One object.'),
    { minItems: 1, maxItems: 100 },
  ),
  variables: opt(
    map('Variables by name, beside those that are always there.', variable, { maxProperties: 64 }),
  ),
});

const perPlane = obj('State on one plane.', {
  plane: objectName('Name of the DataPlane.'),
  synced: int('Namespaces that hold the manifests.', { minimum: 0 }),
  errors: opt(list('What went wrong.', prose('One problem.'), { maxItems: 32 })),
});

const status = obj('Observed state, written by controllers only.', {
  observedGeneration,
  perPlane: opt(listMap('State by plane.', 'plane', perPlane, { maxItems: 1000 })),
  conditions: conditions('Synced'),
});

export const NamespaceTemplate = defineKind({
  kind: 'NamespaceTemplate',
  plural: 'namespacetemplates',
  shortNames: ['nst'],
  scope: 'Cluster',
  doc: 'Manifests that the namespaces of matching tenants get on every plane, with variables tenants may set.',
  spec,
  status,
  columns: [
    { name: 'Order', type: 'integer', cell: (template) => template.spec.order },
    { name: 'Manifests', type: 'integer', cell: (template) => template.spec.manifests.length },
    { name: 'Synced', type: 'string', cell: (template) => conditionStatus(template, 'Synced') },
  ],
  check: ({ spec: wanted }) => [
    ...checkDeclared(wanted),
    ...checkUsed(wanted),
    ...wanted.manifests.flatMap((manifest, index) => checkManifest(manifest, `spec.manifests[${index}]`)),
  ],
});
export type NamespaceTemplate = ObjectFor<typeof NamespaceTemplate>;

type Spec = Value<typeof spec>;
const RESERVED: readonly string[] = RESERVED_VARIABLES;
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;

function checkDeclared(wanted: Spec): readonly Cause[] {
  return Object.entries(wanted.variables ?? {}).flatMap(([name, declared]) => {
    const field = `spec.variables.${name}`;
    if (RESERVED.includes(name))
      return [cause.forbidden(field, 'this variable is reserved and cannot be set')];
    if (!NAME.test(name))
      return [cause.invalid(field, name, 'must be letters, digits and "_", starting with a letter')];
    const both = declared.required && declared.default !== undefined;
    return both ? [cause.forbidden(`${field}.default`, 'a required variable has no default')] : [];
  });
}

function checkUsed(wanted: Spec): readonly Cause[] {
  const declared = wanted.variables ?? {};
  return variablesOf(wanted.manifests, 'spec.manifests').flatMap(({ name, field }) => {
    if (name === undefined) return [cause.invalid(field, '{{ }}', 'must be the name of a variable')];
    if (RESERVED.includes(name) || Object.hasOwn(declared, name)) return [];
    const why = `unknown variable; declare it in spec.variables or use one of ${RESERVED.join(', ')}`;
    return [cause.invalid(field, name, why)];
  });
}

function checkManifest(manifest: Readonly<Record<string, Json>>, field: string): readonly Cause[] {
  const metadata = isObject(manifest['metadata']) ? manifest['metadata'] : {};
  const missing = ['apiVersion', 'kind'].filter((key) => typeof manifest[key] !== 'string');
  const { namespace } = metadata;
  return [
    ...missing.map((key) => cause.required(`${field}.${key}`)),
    ...(typeof metadata['name'] === 'string' ? [] : [cause.required(`${field}.metadata.name`)]),
    ...(namespace === undefined
      ? []
      : [
          cause.forbidden(
            `${field}.metadata.namespace`,
            'every manifest goes into the namespace it is rendered for',
          ),
        ]),
  ];
}
