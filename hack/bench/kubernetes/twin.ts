/** A kind of ours as a custom resource of another group on a real kube-apiserver: what an operator would do instead. */
import type { Kind } from '../../../apiserver/api/kind.ts';
import { toOpenApi } from '../../../apiserver/http/openapi/node.ts';

export const TWIN_GROUP = 'twin.polder.dev';

/** The CustomResourceDefinition; schema, scope and subresources are those of the kind. */
export function twinOf(kind: Kind): object {
  const { properties = {} } = toOpenApi(kind.schema, 'v3') as { readonly properties?: object };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${TWIN_GROUP}` },
    spec: {
      group: TWIN_GROUP,
      names: { kind: kind.kind, listKind: kind.listKind, plural: kind.plural, singular: kind.singular },
      scope: kind.scope,
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties } },
          ...(kind.hasStatus ? { subresources: { status: {} } } : {}),
        },
      ],
    },
  };
}
