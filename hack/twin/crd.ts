/** Makes the CustomResourceDefinition of one of our kinds: what kube-apiserver needs to serve it as its own. */
import type { Kind } from '../../apiserver/api/kind.ts';
import { toOpenApi, type Node } from '../../apiserver/http/openapi/node.ts';
import { printerColumns } from './columns.ts';

export function customResourceDefinition(kind: Kind, group: string): Node {
  const { plural, singular, listKind, shortNames, categories, scope } = kind;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { plural, singular, kind: kind.kind, listKind, shortNames, categories },
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: rootSchema(kind) },
          subresources: subresources(kind),
          additionalPrinterColumns: printerColumns(kind),
          selectableFields: kind.selectableFields.map((path) => ({ jsonPath: `.${path}` })),
        },
      ],
    },
  };
}

function rootSchema(kind: Kind): Node {
  const { properties, ...rest } = structural(toOpenApi(kind.schema, 'v3')) as Node & { properties: Node };
  return { ...rest, properties: { ...properties, metadata: { type: 'object' } } };
}

function subresources({ hasStatus, scale }: Kind): Node {
  return {
    ...(hasStatus ? { status: {} } : {}),
    ...(scale === undefined
      ? {}
      : {
          scale: {
            specReplicasPath: `.${scale.specReplicas}`,
            statusReplicasPath: `.${scale.statusReplicas}`,
            ...(scale.labelSelector === undefined ? {} : { labelSelectorPath: `.${scale.labelSelector}` }),
          },
        }),
  };
}

/** What a structural schema must not say: an int-or-string has exactly the two alternatives of its name. */
function structural(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(structural);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, structural(value)]));
  if (copy['x-kubernetes-int-or-string'] === true) copy['anyOf'] = [{ type: 'integer' }, { type: 'string' }];
  return copy;
}
