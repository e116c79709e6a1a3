/** The columns of a kind as a CustomResourceDefinition has them: cells are functions over objects here and paths there. */
import type { JsonObject } from '../../apiserver/api/json.ts';
import type { Column, Kind } from '../../apiserver/api/kind.ts';
import type { Schema } from '../../apiserver/api/schema.ts';
import { columnsOf } from '../../apiserver/http/table/table.ts';

/** Below `additionalPrinterColumns`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly priority: number;
  readonly jsonPath: string;
}

/** Where nothing is: the cell of a column that no path can tell stays empty. */
const NOWHERE = '.metadata.annotations.nowhere';

/** All but the name, which every table has of itself. */
export function printerColumns(kind: Kind): readonly PrinterColumn[] {
  const marked = markedObject(kind);
  return columnsOf(kind)
    .slice(1)
    .map((column) => ({
      name: column.name,
      type: column.type,
      description: column.description ?? '',
      priority: column.wide === true ? 1 : 0,
      jsonPath: pathOf(column, marked) ?? NOWHERE,
    }));
}

const computed = new WeakMap<Kind, ReadonlySet<number>>();

/** Numbers of the cells that are made of more than one field, or count: only a function can tell them. */
export function computedCells(kind: Kind): ReadonlySet<number> {
  const known = computed.get(kind);
  if (known !== undefined) return known;
  const numbers = printerColumns(kind).flatMap(({ jsonPath }, index) =>
    jsonPath === NOWHERE ? [index + 1] : [],
  );
  const found = new Set(numbers);
  computed.set(kind, found);
  return found;
}

/** A cell that shows a field shows the mark in it. */
function pathOf(column: Column<unknown>, marked: JsonObject): string | undefined {
  try {
    const cell = column.cell(marked);
    return typeof cell === 'string' && /^\.[a-z][\w.]*(\[\?\(@\.\w+=="\w+"\)\]\.\w+)?$/i.test(cell)
      ? cell
      : undefined;
  } catch {
    // It expects more than a mark, so it does more than to show it.
    return undefined;
  }
}

/** An object in which every field says the path it is at. */
function markedObject({ schema }: Kind): JsonObject {
  const metadata = { name: '.metadata.name', creationTimestamp: '.metadata.creationTimestamp' };
  return { metadata, ...(mark(schema, '') as JsonObject) };
}

function mark(schema: Schema, path: string): JsonObject | readonly JsonObject[] | string {
  const { kind, properties, items, listMapKeys: [key] = [] } = schema;
  if (kind === 'object' && properties !== undefined) {
    return Object.fromEntries(
      Object.entries(properties).map(([name, field]) => [name, mark(field, `${path}.${name}`)]),
    );
  }
  if (kind !== 'list' || key === undefined || items?.properties === undefined) return path;
  // Conditions and the like: their description names the keys there are.
  return (schema.description.match(/\b[A-Z][A-Za-z]+\b/g) ?? []).map((name) => ({
    ...(mark(items, `${path}[?(@.${key}=="${name}")]`) as JsonObject),
    [key]: name,
  }));
}
