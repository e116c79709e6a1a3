/** The definitions of a set of kinds: each kind, its list, and the shared types they refer to. */
import type { Kind } from '../../api/kind.ts';
import { API_VERSION_SCHEMA, KIND_SCHEMA } from '../../api/object-schema.ts';
import { metaDefinitions, scaleDefinition } from './meta-definitions.ts';
import { kindName, listName, metaName } from './names.ts';
import { describedReference, reference, toOpenApi, type Node, type Version } from './node.ts';

export const GVK = 'x-kubernetes-group-version-kind';

export function definitions(kinds: readonly Kind[], version: Version): Node {
  const all: Node = {};
  for (const kind of kinds) {
    all[kindName(kind)] = kindDefinition(kind, version);
    if (kind.storage === 'stored') all[listName(kind)] = listDefinition(kind, version);
  }
  for (const origin of new Set(kinds.map((kind) => kind.origin))) {
    Object.assign(all, metaDefinitions(origin, version));
  }
  for (const origin of new Set(kinds.filter(hasScale).map((kind) => kind.origin))) {
    Object.assign(all, scaleDefinition(origin, version));
  }
  return all;
}

const hasScale = (kind: Kind): boolean => kind.scale !== undefined;

function kindDefinition(kind: Kind, version: Version): Node {
  const { properties, ...rest } = toOpenApi(kind.schema, version);
  const selectable = kind.selectableFields.map((fieldPath) => ({ fieldPath }));
  return {
    ...rest,
    description: kind.doc,
    properties: {
      apiVersion: toOpenApi(API_VERSION_SCHEMA, version),
      kind: toOpenApi(KIND_SCHEMA, version),
      metadata: describedReference(version, metaName(kind.origin, 'ObjectMeta'), 'Standard object metadata.'),
      ...(properties as Node | undefined),
    },
    [GVK]: [{ group: kind.group, kind: kind.kind, version: kind.version }],
    ...(selectable.length === 0 ? {} : { 'x-kubernetes-selectable-fields': selectable }),
  };
}

function listDefinition(kind: Kind, version: Version): Node {
  return {
    description: `A list of ${kind.plural}.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: toOpenApi(API_VERSION_SCHEMA, version),
      items: {
        description: `The ${kind.plural}.`,
        type: 'array',
        items: reference(version, kindName(kind)),
      },
      kind: toOpenApi(KIND_SCHEMA, version),
      metadata: describedReference(version, metaName(kind.origin, 'ListMeta'), 'Standard list metadata.'),
    },
    [GVK]: [{ group: kind.group, kind: kind.listKind, version: kind.version }],
  };
}
