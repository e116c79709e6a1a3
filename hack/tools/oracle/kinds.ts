/** Kinds whose schemas show every way of owning fields, and the kinds that are really served. */
import { defineKind, defineNative, type Kind } from '../../../apiserver/api/kind.ts';
import {
  any,
  anyObject,
  bool,
  embedded,
  int,
  intOrString,
  list,
  listMap,
  map,
  num,
  obj,
  opt,
  quantity,
  set,
  str,
  time,
} from '../../../apiserver/api/schema.ts';
import { KINDS } from '../../../apiserver/kinds/index.ts';
import { NATIVE_KINDS } from '../../../apiserver/kinds/native/index.ts';

const text = str('Text.');

const Everything = defineKind({
  kind: 'Everything',
  plural: 'everythings',
  scope: 'Namespaced',
  doc: 'Every node of the schema language.',
  spec: obj('Spec.', {
    size: opt(int('Scalar.')),
    real: opt(num('Scalar.')),
    flag: opt(bool('Scalar.')),
    at: opt(time('Scalar.')),
    amount: opt(quantity('Scalar.')),
    port: opt(intOrString('Scalar.')),
    mode: str('Defaulted.', { default: 'auto' }),
    tags: opt(map('Granular map.', text)),
    nested: opt(map('Map of maps.', map('Inner.', text))),
    limits: opt(map('Atomic map.', text, { mapType: 'atomic' })),
    box: opt(obj('Atomic object.', { a: opt(text), b: opt(int('Int.')) }, { mapType: 'atomic' })),
    zones: opt(set('Set.', text)),
    ports: opt(set('Set of numbers.', int('Port.'))),
    args: opt(list('Atomic list.', text)),
    parts: opt(
      listMap(
        'List-map with two keys.',
        ['name', 'protocol'],
        obj('Part.', {
          name: text,
          protocol: str('Defaulted key.', { default: 'TCP' }),
          value: opt(int('Value.')),
          tags: opt(map('Map in item.', text)),
          inner: opt(
            listMap('List-map in list-map.', 'port', obj('Inner.', { port: int('Key.'), note: opt(text) })),
          ),
          zones: opt(set('Set in item.', text)),
        }),
      ),
    ),
    free: opt(anyObject('Free form.')),
    template: opt(embedded('Object.')),
    anything: opt(any('Anything.')),
    half: opt(
      obj(
        'Known and unknown fields.',
        { known: opt(text), zones: opt(set('Set below.', text)), deep: opt(obj('Deep.', { a: opt(text) })) },
        { preserveUnknown: true },
      ),
    ),
    mapOfLists: opt(map('Sets by name.', set('Set.', text))),
    mapOfParts: opt(
      map('Objects by name.', obj('Part.', { a: opt(text), b: opt(obj('B.', { c: opt(text) })) })),
    ),
    atomicItems: opt(
      listMap('Items as a whole.', 'name', obj('Item.', { name: text, a: opt(text) }, { mapType: 'atomic' })),
    ),
  }),
  status: obj('Status.', {
    phase: opt(text),
    conditions: opt(
      listMap(
        'Conditions.',
        'type',
        obj('Condition.', { type: text, status: opt(text), at: opt(time('Time.')) }),
      ),
    ),
  }),
});

const Small = defineNative({
  group: '',
  version: 'v1',
  kind: 'Small',
  plural: 'smalls',
  scope: 'Namespaced',
  doc: 'No spec and no status.',
  fields: { data: opt(map('Data.', text)), immutable: opt(bool('Flag.')), items: opt(set('Set.', text)) },
});

const stored = [...KINDS, ...NATIVE_KINDS].filter((kind) => kind.storage === 'stored');

/** The two synthetic kinds weigh as much as all others together. */
export const KINDS_UNDER_TEST: readonly Kind[] = [Everything, Small, ...stored];
