/** A Stack is a versioned engine that steps of products run on: its input schema and its manifests. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import { defineKind, type ObjectFor } from '../api/kind.ts';
import {
  anyObject,
  bool,
  embedded,
  int,
  list,
  listMap,
  obj,
  opt,
  str,
  type Node,
  type Value,
} from '../api/schema.ts';
import { identifier, prose } from './names.ts';
import { conditions, conditionStatus, observedGeneration } from './status.ts';

interface KeyRef {
  readonly name: string;
  readonly key: string;
}
const keyRef = (what: string): Node<KeyRef> =>
  obj(`Key of a ${what} on the plane; only the reference is reported.`, {
    name: str(`Name of the ${what}; may hold variables.`, { minLength: 1, maxLength: 253 }),
    key: str('Key inside of it.', { minLength: 1, maxLength: 253, pattern: '^[-._a-zA-Z0-9]+$' }),
  });

const output = obj('One output.', {
  name: identifier('Name that other steps use.'),
  value: opt(str('Text; may hold variables, never a secret.', { maxLength: 1024 })),
  secretKeyRef: opt(keyRef('Secret')),
  configMapKeyRef: opt(keyRef('ConfigMap')),
});

const readyWhen = obj('One thing that must be true.', {
  kind: str('Kind of the object that is looked at.', { minLength: 1, maxLength: 63 }),
  condition: str('Condition of the object that must be True.', { minLength: 1, maxLength: 316 }),
});

const version = obj('One version.', {
  name: str('Version, such as 1.0; products name it behind a colon.', {
    minLength: 1,
    maxLength: 32,
    pattern: '^[0-9A-Za-z]([0-9A-Za-z._-]*[0-9A-Za-z])?$',
  }),
  kind: str('How the version runs: always, once per run, or as infrastructure of others.', {
    enum: ['Service', 'Job', 'Infra'],
    default: 'Service',
  }),
  schema: opt(
    anyObject('JSON Schema of stackSpec in the steps that use the version; no step may set anything else.'),
  ),
  manifests: list(
    'Objects that a step becomes; {{ name }} in a string stands for a variable.',
    embedded('One object.'),
    {
      minItems: 1,
      maxItems: 100,
    },
  ),
  readyWhen: opt(
    list('When a step counts as ready; when all objects are healthy if not set.', readyWhen, {
      maxItems: 16,
    }),
  ),
  outputs: opt(listMap('What a step offers to others.', 'name', output, { maxItems: 64 })),
  deprecated: opt(bool('New releases cannot use the version any more.')),
});

const spec = obj('Desired state.', {
  description: opt(prose('What the engine does.')),
  versions: listMap('Versions by name.', 'name', version, { minItems: 1, maxItems: 64 }),
});

const status = obj('Observed state, written by controllers only.', {
  observedGeneration,
  usedBy: opt(int('Number of products that use the stack.', { minimum: 0 })),
  conditions: conditions('Valid, DeletionBlocked'),
});

export const Stack = defineKind({
  kind: 'Stack',
  plural: 'stacks',
  shortNames: ['stk'],
  scope: 'Cluster',
  doc: 'A versioned engine that steps of data products run on.',
  spec,
  status,
  columns: [
    {
      name: 'Versions',
      type: 'string',
      cell: (stack) => stack.spec.versions.map((each) => each.name).join(','),
    },
    { name: 'Used By', type: 'integer', cell: (stack) => stack.status?.usedBy },
    { name: 'Valid', type: 'string', cell: (stack) => conditionStatus(stack, 'Valid') },
    { name: 'Description', type: 'string', wide: true, cell: (stack) => stack.spec.description },
  ],
  check: (stack) =>
    stack.spec.versions.flatMap((each, index) => {
      const field = `spec.versions[${index}]`;
      return [...checkSchema(each, field), ...checkManifests(each, field), ...checkOutputs(each, field)];
    }),
});
export type Stack = ObjectFor<typeof Stack>;

type Version = Value<typeof version>;
const MAX_SCHEMA_BYTES = 65_536;

function checkSchema({ schema }: Version, field: string): readonly Cause[] {
  if (schema === undefined) return [];
  if (JSON.stringify(schema).length > MAX_SCHEMA_BYTES) {
    return [cause.invalid(`${field}.schema`, '', `must be no more than ${MAX_SCHEMA_BYTES} bytes`)];
  }
  const { type } = schema;
  return type === 'object' ? [] : [cause.invalid(`${field}.schema.type`, type, 'must be "object"')];
}

function checkManifests({ manifests }: Version, field: string): readonly Cause[] {
  return manifests.flatMap((manifest, index) =>
    ['apiVersion', 'kind', 'metadata']
      .filter((key) => manifest[key] === undefined)
      .map((key) => cause.required(`${field}.manifests[${index}].${key}`)),
  );
}

function checkOutputs({ outputs }: Version, field: string): readonly Cause[] {
  return (outputs ?? []).flatMap((each, index) => {
    const at = `${field}.outputs[${index}]`;
    const [first, second] = (['value', 'secretKeyRef', 'configMapKeyRef'] as const).filter(
      (key) => each[key] !== undefined,
    );
    if (first === undefined) return [cause.required(at, 'one of value, secretKeyRef, configMapKeyRef')];
    return second === undefined ? [] : [cause.forbidden(`${at}.${second}`, `${first} is set already`)];
  });
}
