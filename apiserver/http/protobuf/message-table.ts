/**
 * The protobuf messages of Kubernetes kinds, read from a compact table.
 *
 * One message per line, longer ones continue on indented lines: `Name field=number:type ...`. Types: none = string,
 * `int`, `bool`, `bytes`, the name of another message, or one of the special messages `time`, `micro`, `quantity`,
 * `intstr`, `fields` and `extra`. In front: `*` repeated, `%` map from strings, `^` a message whose fields belong to
 * this object. Behind: `!` the zero value is kept, because the field is a pointer or always written.
 */
import { CORE_FIELDS } from './fields-core.ts';
import { POLICY_FIELDS } from './fields-policy.ts';
import { VOLUME_FIELDS } from './fields-volumes.ts';
import { WORKLOAD_FIELDS } from './fields-workloads.ts';

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly shape: 'single' | 'repeated' | 'map' | 'inline';
  readonly keepsZero: boolean;
}
export type Message = ReadonlyMap<number, Field>;

const FIELD = /^([A-Za-z0-9-]+)=([0-9]+)(?::([*%^]?)([A-Za-z0-9]*)(!?))?$/;
const SHAPES: Readonly<Record<string, Field['shape']>> = {
  '*': 'repeated',
  '%': 'map',
  '^': 'inline',
  '': 'single',
};

let table: ReadonlyMap<string, Message> | undefined;

/** Undefined for a name the table does not have. The table is read on first use. */
export function messageOf(name: string): Message | undefined {
  table ??= new Map(
    [CORE_FIELDS, VOLUME_FIELDS, WORKLOAD_FIELDS, POLICY_FIELDS].flatMap((text) =>
      text
        .trim()
        .split(/\n(?! )/)
        .map(readMessage),
    ),
  );
  return table.get(name);
}

/** The message of a kind; two kinds share a name in Kubernetes, and `Event` is the older one's. */
export function kindMessage(apiVersion: string, kind: string): Message | undefined {
  return messageOf(apiVersion === 'events.k8s.io/v1' && kind === 'Event' ? 'EventsEvent' : kind);
}

function readMessage(line: string): readonly [string, Message] {
  const [name = '', ...fields] = line.split(/\s+/);
  return [name, new Map(fields.map(readField))];
}

function readField(text: string): readonly [number, Field] {
  const match = FIELD.exec(text);
  if (match === null) throw new Error(`the message table has no field "${text}"`);
  const [, name = '', number, prefix = '', type = '', zero = ''] = match;
  const shape = SHAPES[prefix] ?? 'single';
  return [Number(number), { name, type: type === '' ? 'string' : type, shape, keepsZero: zero === '!' }];
}
