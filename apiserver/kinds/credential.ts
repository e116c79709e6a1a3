/** A Credential is a secret value that workloads use by reference; the control plane never keeps it in the clear. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { int, listMap, map, obj, opt, set, str, time, type Value } from '../api/schema.ts';
import { duration } from './duration.ts';
import { labelSelector } from './fields.ts';
import { objectName } from './names.ts';
import { conditions, conditionStatus, observedGeneration } from './status.ts';

const key = str('Name of the value.', { minLength: 1, maxLength: 253, pattern: '^[-._a-zA-Z0-9]+$' });

const thumbprint = str('Thumbprint of a key.', {
  minLength: 1,
  maxLength: 128,
  pattern: '^[0-9A-Za-z_-]+$',
});

const generator = obj('How the values are made; they are made on the plane and never leave it.', {
  keys: listMap(
    'Values that are made.',
    'name',
    obj('One value.', {
      name: key,
      literal: opt(
        str('Fixed text instead of a made one, such as a user name; never a secret.', { maxLength: 253 }),
      ),
      length: opt(int('Number of characters; 32 when not set.', { minimum: 16, maximum: 256 })),
      alphabet: opt(
        str('Characters that are used; AlphaNumeric when not set.', {
          enum: ['AlphaNumeric', 'Hex', 'Base64', 'Printable'],
        }),
      ),
    }),
    { minItems: 1, maxItems: 16 },
  ),
});

const remoteRef = obj(
  'Where the values are, in a store that the plane can read and the control plane cannot.',
  {
    store: objectName('Name of the store as the plane knows it.'),
    path: str('Path inside the store.', { minLength: 1, maxLength: 1024, pattern: '^[^\\s]+$' }),
    version: opt(str('Version of the entry; the newest when not set.', { maxLength: 128 })),
    keys: opt(set('Values that are taken; all of them when not set.', key, { maxItems: 64 })),
  },
);

const spec = obj('Desired state.', {
  type: str('What the values open, which tells which ones are needed.', {
    enum: ['key-value', 'basic', 'token', 's3', 'tls'],
  }),
  source: str('Where the values come from.', {
    enum: ['Inline', 'Sealed', 'Generated', 'External'],
    default: 'Inline',
  }),
  stringData: opt(
    map(
      'Values as text, for source Inline; sealed on arrival and never given back.',
      str('Secret value.', { maxLength: 65_536 }),
      {
        maxProperties: 64,
      },
    ),
  ),
  sealed: opt(
    str('Values encrypted for the planes (JWE); for source Inline the API server fills it in.', {
      minLength: 1,
      maxLength: 524_288,
    }),
  ),
  generator: opt(generator),
  remoteRef: opt(remoteRef),
  acl: str('What the values allow at the other side: reading, or reading and writing.', {
    enum: ['r', 'rw'],
    default: 'r',
  }),
  targets: opt(
    listMap(
      'Data clusters that get the values.',
      'dataClusterRef',
      obj('One data cluster.', { dataClusterRef: objectName('Name of the DataCluster.') }),
      { maxItems: 64 },
    ),
  ),
  rotation: opt(
    obj('When values are replaced by new ones.', {
      every: duration('Age at which they are replaced.'),
      overlap: duration('How long the old ones go on working.', { default: '10m' }),
    }),
  ),
  consumers: opt(
    labelSelector('Labels of products that may use the values; every one of the tenant when not set.'),
  ),
});

const presence = obj('State on one plane.', {
  plane: objectName('Name of the DataPlane.'),
  state: str('Whether the plane holds the values.', {
    enum: ['Present', 'Missing', 'Unknown', 'ResealRequired'],
  }),
});

const status = obj('Observed state, written by controllers only.', {
  observedGeneration,
  fingerprint: opt(str('Keyed digest of the values; equal values have equal digests.', { maxLength: 128 })),
  keys: opt(set('Names of the values.', key, { maxItems: 64 })),
  version: opt(int('Number of the rotation.', { minimum: 0 })),
  rotatedAt: opt(time('When the values were last changed.')),
  expiresAt: opt(time('When the values stop being accepted.')),
  presence: opt(listMap('State by plane.', 'plane', presence, { maxItems: 256 })),
  overall: opt(
    str('State over all planes.', { enum: ['FullyPresent', 'PartiallyPresent', 'NotPresent', 'Unknown'] }),
  ),
  sealedFor: opt(set('Thumbprints of the keys that can open the values.', thumbprint, { maxItems: 64 })),
  conditions: conditions('Sealed, Delivered, RotationDue, DeletionBlocked'),
});

export const Credential = defineKind({
  kind: 'Credential',
  plural: 'credentials',
  shortNames: ['cred'],
  scope: 'Namespaced',
  doc: 'A secret value that products and depots use by reference; it can be written but never read back.',
  spec,
  status,
  secrets: ['spec.stringData'],
  immutable: ['spec.type'],
  references: [{ field: 'spec.targets[].dataClusterRef', to: 'DataCluster', verb: 'use' }],
  selectableFields: ['spec.type', 'spec.source'],
  columns: [
    { name: 'Type', type: 'string', cell: (credential) => credential.spec.type },
    { name: 'Source', type: 'string', cell: (credential) => credential.spec.source },
    { name: 'ACL', type: 'string', cell: (credential) => credential.spec.acl },
    { name: 'Presence', type: 'string', cell: (credential) => credential.status?.overall },
    { name: 'Version', type: 'integer', cell: (credential) => credential.status?.version },
    { name: 'Rotated', type: 'date', wide: true, cell: (credential) => credential.status?.rotatedAt },
    {
      name: 'Delivered',
      type: 'string',
      wide: true,
      cell: (credential) => conditionStatus(credential, 'Delivered'),
    },
  ],
  check: ({ spec: wanted }) => [...checkSource(wanted), ...checkKeys(wanted)],
});
export type Credential = ObjectFor<typeof Credential>;

type Spec = Value<typeof spec>;
type Input = 'stringData' | 'sealed' | 'generator' | 'remoteRef';

/** What each source needs and what else it may carry. An Inline value arrives as stringData and is kept as sealed. */
const INPUTS: Readonly<
  Record<Spec['source'], { readonly needs: readonly Input[]; readonly may: readonly Input[] }>
> = {
  Inline: { needs: ['stringData', 'sealed'], may: ['stringData', 'sealed'] },
  Sealed: { needs: ['sealed'], may: ['sealed'] },
  Generated: { needs: ['generator'], may: ['generator'] },
  External: { needs: ['remoteRef'], may: ['remoteRef'] },
};
const ALL_INPUTS: readonly Input[] = ['stringData', 'sealed', 'generator', 'remoteRef'];

function checkSource(wanted: Spec): readonly Cause[] {
  const { needs, may } = INPUTS[wanted.source];
  const [first = 'stringData'] = needs;
  const missing = needs.every((input) => wanted[input] === undefined);
  return [
    ...(missing ? [cause.required(`spec.${first}`, `source ${wanted.source} needs it`)] : []),
    ...ALL_INPUTS.filter((input) => wanted[input] !== undefined && !may.includes(input)).map((input) =>
      cause.forbidden(`spec.${input}`, `not used with source ${wanted.source}`),
    ),
  ];
}

/** Values that each type must hold, under the names that drivers look for. */
export const CREDENTIAL_KEYS: Readonly<Record<Spec['type'], readonly string[]>> = {
  'key-value': [],
  basic: ['username', 'password'],
  token: ['token'],
  s3: ['accessKeyID', 'secretAccessKey'],
  tls: ['tls.crt', 'tls.key'],
};

function checkKeys(wanted: Spec): readonly Cause[] {
  const { type, source, stringData, generator: made } = wanted;
  if (source === 'Inline' && stringData !== undefined) return missingValues(type, stringData);
  if (source !== 'Generated' || made === undefined) return [];
  const names = new Set(made.keys.map((each) => each.name));
  const idle = made.keys.flatMap((each, index) =>
    each.literal !== undefined && (each.length !== undefined || each.alphabet !== undefined)
      ? [
          cause.forbidden(
            `spec.generator.keys[${index}].literal`,
            'a fixed text has neither length nor alphabet',
          ),
        ]
      : [],
  );
  const missing = CREDENTIAL_KEYS[type]
    .filter((name) => !names.has(name))
    .map((name) => cause.required('spec.generator.keys', `type ${type} needs the key ${name}`));
  return [...idle, ...missing];
}

/** For the mutation that seals: what is missing, before the values can no longer be looked at. Never shows a value. */
export function missingValues(
  type: Spec['type'],
  stringData: Readonly<Record<string, string>>,
): readonly Cause[] {
  const needed = CREDENTIAL_KEYS[type]
    .filter((name) => !Object.hasOwn(stringData, name) || stringData[name] === '')
    .map((name) => cause.required(`spec.stringData.${name}`, `type ${type} needs it`));
  return Object.keys(stringData).length === 0
    ? [cause.required('spec.stringData', 'at least one value')]
    : needed;
}
