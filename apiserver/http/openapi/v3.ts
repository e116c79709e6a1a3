/** The OpenAPI version 3 document of one group-version. */
import type { Kind } from '../../api/kind.ts';
import { definitions, GVK } from './definitions.ts';
import { PATCH_TYPES, pathsOf, type Operation, type Path } from './operations.ts';
import { reference, type Node } from './node.ts';
import type { Parameter } from './parameters.ts';

/** What stands in the `info` of every document. */
export interface DocumentInfo {
  readonly title: string;
  readonly version: string;
}

/** `kinds` are those of the group-version; empty paths when there are none. */
export function openApiV3(kinds: readonly Kind[], info: DocumentInfo): Node {
  return {
    openapi: '3.0.0',
    info,
    paths: Object.fromEntries(kinds.flatMap(pathsOf).map((path) => [path.path, pathItem(path)])),
    components: { schemas: definitions(kinds, 'v3') },
  };
}

function pathItem(path: Path): Node {
  return {
    ...Object.fromEntries(path.operations.map((operation) => [operation.method, operationNode(operation)])),
    parameters: path.parameters.map(parameter),
  };
}

function operationNode(operation: Operation): Node {
  const answer = { schema: reference('v3', operation.answer) };
  const content = { 'application/json': answer, 'application/yaml': answer };
  const streams = operation.action === 'list' ? { 'application/json;stream=watch': answer } : {};
  return {
    description: operation.description,
    operationId: operation.id,
    parameters: operation.query.map(parameter),
    ...requestBody(operation),
    responses: Object.fromEntries(
      operation.codes.map((code) => [
        code,
        { description: PHRASES[code], content: { ...content, ...streams } },
      ]),
    ),
    'x-kubernetes-action': operation.action,
    [GVK]: operation.target,
  };
}

export const PHRASES: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

function requestBody(operation: Operation): Node {
  if (operation.body === undefined) return {};
  const body = { schema: reference('v3', operation.body) };
  const types = operation.action === 'patch' ? PATCH_TYPES : ['application/json', 'application/yaml'];
  const content = Object.fromEntries(types.map((type) => [type, body]));
  return { requestBody: { content, ...(operation.bodyRequired === true ? { required: true } : {}) } };
}

function parameter({ name, in: place, type, description }: Parameter): Node {
  return {
    name,
    in: place,
    description,
    ...(place === 'path' ? { required: true } : {}),
    schema: { type, uniqueItems: true },
  };
}
