/** The parts of DataProduct.spec: inputs and outputs, steps, dependencies, schedule. */
import {
  anyObject,
  bool,
  int,
  list,
  listMap,
  map,
  obj,
  opt,
  set,
  str,
  time,
  type Node,
} from '../api/schema.ts';
import { duration } from './duration.ts';
import { identifier, objectName, prose, tenantName } from './names.ts';

const dataset = (description: string): Node<string> =>
  str(description, {
    minLength: 1,
    maxLength: 253,
    pattern: '^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$',
  });

interface DepotReference {
  readonly tenant?: string;
  readonly name: string;
}
const depotReference = (description: string): Node<DepotReference> =>
  obj(description, {
    tenant: opt(tenantName('Tenant that shares it; the own one when not set.')),
    name: objectName('Name of the Depot.'),
  });

export const inputs = listMap(
  'Data the product reads.',
  'name',
  obj('One input.', {
    name: identifier('Name of the input.'),
    depot: depotReference('Depot the data is in.'),
    dataset: dataset('Dataset that the depot declares.'),
    description: opt(prose('What it is needed for.')),
  }),
  { maxItems: 256 },
);

export const outputs = listMap(
  'Data the product makes.',
  'name',
  obj('One output.', {
    name: identifier('Name of the output; other products depend on it.'),
    depot: opt(depotReference('Depot the data goes to.')),
    dataset: opt(dataset('Dataset that the depot declares.')),
    description: opt(prose('What it holds.')),
  }),
  { maxItems: 256 },
);

export const ports = map(
  'Ways to consume the product, by name.',
  obj('One way.', {
    protocol: str('How it is spoken to.', { enum: ['SQL', 'REST', 'GraphQL', 'Files', 'Stream'] }),
    resource: identifier('Step that offers it.'),
    port: opt(int('Port of the step.', { minimum: 1, maximum: 65_535 })),
    description: opt(prose('Who it is for.')),
  }),
  { maxProperties: 32 },
);

const stepCondition = obj('What must hold of a step before this one starts.', {
  resource: identifier('Step that is waited for; it must be in dependsOn.'),
  status: opt(
    str('State of the step; Active when neither this nor runtime is set.', { enum: ['Active', 'Deleted'] }),
  ),
  runtime: opt(str('State of its run.', { enum: ['Running', 'Succeeded', 'Failed'] })),
});

const stepDepot = obj('One depot.', {
  as: str('Prefix of the environment variables with the address and the credential.', {
    minLength: 1,
    maxLength: 63,
    pattern: '^[A-Z]([A-Z0-9_]*[A-Z0-9])?$',
  }),
  tenant: opt(tenantName('Tenant that shares the depot; the own one when not set.')),
  name: objectName('Name of the Depot.'),
  purpose: str('Which credential of the depot is used.', { enum: ['scan', 'query', 'rw'], default: 'query' }),
});

export const resource = obj('One step.', {
  id: identifier('Name of the step.'),
  stack: str('Stack and version joined by a colon, such as vulcan:1.0.', {
    minLength: 3,
    maxLength: 300,
    pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?:[0-9A-Za-z]([0-9A-Za-z._-]*[0-9A-Za-z])?$',
  }),
  description: opt(prose('What the step does.')),
  stackSpec: opt(anyObject('Input of the stack, checked against the schema of its version.')),
  compute: opt(objectName('Compute that the step runs on; the default nodes when not set.')),
  depots: opt(
    listMap('Depots whose address and credential the step gets.', 'as', stepDepot, { maxItems: 32 }),
  ),
  dependsOn: opt(set('Steps that come first.', identifier('Name of a step.'), { maxItems: 64 })),
  conditions: opt(
    listMap('What is waited for, when it is more than the default.', 'resource', stepCondition, {
      maxItems: 64,
    }),
  ),
});

export const dependency = obj('One product that must be in order first.', {
  product: objectName('Name of the DataProduct.'),
  tenant: opt(tenantName('Tenant that shares it; the own one when not set.')),
  output: opt(identifier('Output that is meant; all of them when not set.')),
  condition: str('What must hold of it.', { enum: ['Ready', 'RunSucceeded', 'Fresh'], default: 'Ready' }),
  maxAge: opt(duration('Age of its last successful run at most, for condition Fresh.')),
});

export const schedule = obj('When runs start by themselves.', {
  crons: set(
    'Cron expressions of five fields; a run starts when any of them ticks.',
    str('One expression.', { minLength: 1, maxLength: 256 }),
    { minItems: 1, maxItems: 16 },
  ),
  timezone: str('IANA time zone the expressions are read in.', {
    minLength: 1,
    maxLength: 64,
    default: 'UTC',
  }),
  concurrencyPolicy: str('What happens when a run is due while another one is going on.', {
    enum: ['Allow', 'Forbid', 'Replace'],
    default: 'Forbid',
  }),
  startingDeadlineSeconds: opt(
    int('How late a run may start; a later one is skipped.', { minimum: 1, maximum: 86_400 }),
  ),
  endOn: opt(time('When the schedule stops.')),
  suspend: bool('Stops the schedule for now.', { default: false }),
});

export const collaborators = listMap(
  'People who work on the product besides the owner.',
  'name',
  obj('One person.', {
    name: str('Name of the user.', { minLength: 1, maxLength: 256 }),
    role: opt(str('What the person does.', { maxLength: 128 })),
  }),
  { maxItems: 64 },
);

export const labelsOfProduct = set(
  'Words to find the product by.',
  str('A word.', { minLength: 1, maxLength: 63 }),
  {
    maxItems: 64,
  },
);

export const outputReport = list(
  'What the last run reported about the outputs; never values of rows.',
  obj('One output.', {
    name: identifier('Name of the output.'),
    schemaHash: opt(str('Digest of names and types of the columns.', { maxLength: 128 })),
    columns: opt(
      list(
        'Columns.',
        obj('One column.', {
          name: str('Name of the column.', { maxLength: 253 }),
          type: str('Type of the column.', { maxLength: 253 }),
        }),
        { maxItems: 1000 },
      ),
    ),
    rows: opt(int('Number of rows.', { format: 'int64', minimum: 0 })),
  }),
  { maxItems: 256 },
);
