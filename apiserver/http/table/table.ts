/**
 * The Table form of objects: what `kubectl get` prints. Columns come from the kind; ages are rendered here.
 * source: meta/v1 Table; apiextensions-apiserver pkg/registry/customresource/tableconvertor
 */
import { badRequest } from '../../api/errors.ts';
import { at, type JsonObject } from '../../api/json.ts';
import type { Column, Kind } from '../../api/kind.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ageOf } from './age.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';
type MetaVersion = 'v1' | 'v1beta1';
type Cell = string | number | boolean | null;

interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** Above 0: only with `-o wide`. */
  readonly priority: number;
}

export interface TableForm {
  /** The list of column definitions as JSON text. */
  readonly columns: string;
  /** One row as JSON text. */
  row(object: JsonObject): string;
  /** The cells of a row about no object, as JSON text. */
  readonly noCells: string;
}

/** Throws `ApiError` BadRequest. */
export function readIncludeObject(query: URLSearchParams | undefined): IncludeObject {
  const value = query?.get('includeObject') ?? '';
  if (value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  const why = `Invalid value: ${JSON.stringify(value.slice(0, 64))}: must be 'Metadata', 'Object', 'None', or empty`;
  throw badRequest(`Unable to convert to Table as requested: includeObject: ${why}`);
}

const NAME: Column<unknown> = {
  name: 'Name',
  type: 'string',
  description: 'Unique within the namespace; cannot be changed.',
  cell: (object) => text(object, 'metadata.name'),
};
const AGE: Column<unknown> = {
  name: 'Age',
  type: 'date',
  description: 'Time since the object was created.',
  cell: (object) => text(object, 'metadata.creationTimestamp'),
  absent: '<unknown>',
};

export function createTableForm(
  kind: Kind,
  options: { readonly include: IncludeObject; readonly metaVersion: MetaVersion; readonly clock: Clock },
): TableForm {
  const columns = columnsOf(kind);
  const definitions = columns.map(definitionOf);
  const { include, metaVersion, clock } = options;
  return {
    columns: JSON.stringify(definitions),
    noCells: JSON.stringify(columns.map((column) => (column === NAME ? '' : null))),
    row: (object) => {
      const nowMs = clock.now();
      const cells = columns.map((column) => cellOf(kind, column, object, nowMs));
      return `{"cells":${JSON.stringify(cells)},"object":${rowObject(object, include, metaVersion)}}`;
    },
  };
}

/** Name first, Age behind the last column that is always shown, unless the kind declares them all. */
export function columnsOf(kind: Kind): readonly Column<unknown>[] {
  if (kind.completeColumns) return kind.columns;
  const lastNarrow = kind.columns.findLastIndex((column) => column.wide !== true);
  return [NAME, ...kind.columns.slice(0, lastNarrow + 1), AGE, ...kind.columns.slice(lastNarrow + 1)];
}

function definitionOf(column: Column<unknown>, index: number): ColumnDefinition {
  return {
    name: column.name,
    type: column.type,
    // kubectl puts the kind in front of the cell with this format when it prints several kinds.
    format: index === 0 && column.type === 'string' ? 'name' : '',
    description: column.description ?? '',
    priority: column.wide === true ? 1 : 0,
  };
}

function cellOf({ origin }: Kind, column: Column<unknown>, object: JsonObject, nowMs: number): Cell {
  const value = column.cell(object);
  if (column.type !== 'date') return value ?? null;
  if (typeof value === 'string' && value !== '') return ageOf(value, nowMs);
  // Kubernetes' own printers write a word; the columns of custom resources stay empty, and so do ours.
  return column.absent ?? (origin === 'native' ? '<none>' : null);
}

function rowObject(object: JsonObject, include: IncludeObject, metaVersion: MetaVersion): string {
  switch (include) {
    case 'None':
      return 'null';
    case 'Object':
      return JSON.stringify(object);
    case 'Metadata':
      return partialMetadata(object, metaVersion);
  }
}

/** An object's metadata alone, as JSON text. source: meta/v1 PartialObjectMetadata */
export function partialMetadata(object: JsonObject, metaVersion: MetaVersion): string {
  const metadata = JSON.stringify(at(object, 'metadata') ?? {});
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${metaVersion}","metadata":${metadata}}`;
}

function text(object: unknown, path: string): string | undefined {
  const value = at(object, path);
  return typeof value === 'string' ? value : undefined;
}
