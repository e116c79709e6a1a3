/** The OpenAPI version 2 document of everything served. */
import type { Kind } from '../../api/kind.ts';
import { definitions, GVK } from './definitions.ts';
import { PATCH_TYPES, pathsOf, type Operation, type Path } from './operations.ts';
import { reference, type Node } from './node.ts';
import type { Parameter } from './parameters.ts';
import { PHRASES, type DocumentInfo } from './v3.ts';

export function openApiV2(kinds: readonly Kind[], info: DocumentInfo): Node {
  return {
    swagger: '2.0',
    info,
    paths: Object.fromEntries(kinds.flatMap(pathsOf).map((path) => [path.path, pathItem(path)])),
    definitions: definitions(kinds, 'v2'),
  };
}

function pathItem(path: Path): Node {
  return {
    ...Object.fromEntries(path.operations.map((operation) => [operation.method, operationNode(operation)])),
    parameters: path.parameters.map(parameter),
  };
}

const PRODUCES = ['application/json', 'application/yaml'];

function operationNode(operation: Operation): Node {
  const schema = reference('v2', operation.answer);
  return {
    description: operation.description,
    operationId: operation.id,
    consumes: operation.action === 'patch' ? PATCH_TYPES : PRODUCES,
    produces: operation.action === 'list' ? [...PRODUCES, 'application/json;stream=watch'] : PRODUCES,
    parameters: [...body(operation), ...operation.query.map(parameter)],
    responses: Object.fromEntries(
      operation.codes.map((code) => [code, { description: PHRASES[code], schema }]),
    ),
    'x-kubernetes-action': operation.action,
    [GVK]: operation.target,
  };
}

function body(operation: Operation): readonly Node[] {
  if (operation.body === undefined) return [];
  const required = operation.bodyRequired === true ? { required: true } : {};
  return [{ name: 'body', in: 'body', ...required, schema: reference('v2', operation.body) }];
}

function parameter({ name, in: place, type, description }: Parameter): Node {
  return {
    name,
    in: place,
    description,
    type,
    uniqueItems: true,
    ...(place === 'path' ? { required: true } : {}),
  };
}
