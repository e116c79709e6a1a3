/**
 * Reads the JSON of stored objects. Half of an object is what managedFields says of its owners, and that is the same
 * text in most objects that one client made: such a text is parsed once, and what it says is shared.
 */
import { isObject, type Json, type JsonObject } from '../api/json.ts';

const NAME = '"fieldsV1":';
/** More entries than any object of ours has; others are read as they are. */
const MAX_ENTRIES = 32;
const MAX_SHARED_TEXT = 16_384;
/**
 * Characters of all texts that are known at a time; then all are forgotten, because those in use come again at once. What
 * a text says takes some ten times as much memory.
 */
const MAX_SHARED_CHARACTERS = 512 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

const shared = new Map<string, JsonObject>();
let sharedCharacters = 0;

/** Throws when the bytes are not those of an object. What it returns must not be changed. */
export function parseStored(bytes: Buffer): JsonObject {
  const text = bytes.toString();
  return withSharedFields(text) ?? parse(text);
}

function parse(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new Error('a stored value is not an object');
  return value;
}

/**
 * The field sets are cut out of the text, and numbers stand for them while the rest is parsed. Undefined when it turns
 * out that what was cut out was not, or not only, managedFields.
 */
function withSharedFields(text: string): JsonObject | undefined {
  const cut: string[] = [];
  let rest = '';
  let from = 0;
  // Text inside strings has its quotes escaped, so this is a name, or the end of one, which is found out below.
  for (let at = text.indexOf(NAME); at !== -1; at = text.indexOf(NAME, from)) {
    const start = at + NAME.length;
    if (text.charCodeAt(start) !== OPEN) return undefined;
    const end = endOfObject(text, start);
    if (end - start > MAX_SHARED_TEXT || cut.length === MAX_ENTRIES) return undefined;
    rest += text.slice(from, start) + String(cut.length);
    cut.push(text.slice(start, end));
    from = end;
  }
  if (cut.length === 0) return undefined;
  const object = parse(rest + text.slice(from));
  return putBack(object, cut) ? object : undefined;
}

/** True when each of them was a field set of this object. */
function putBack(object: JsonObject, cut: readonly string[]): boolean {
  const { metadata } = object;
  const entries: Json | undefined = isObject(metadata) ? metadata['managedFields'] : undefined;
  if (!Array.isArray(entries)) return false;
  let found = 0;
  for (const entry of entries as readonly Json[]) {
    if (!isObject(entry) || entry['fieldsV1'] !== found) continue;
    (entry as Record<string, Json>)['fieldsV1'] = fieldsOf(cut[found] ?? '{}');
    found += 1;
  }
  return found === cut.length;
}

function fieldsOf(text: string): JsonObject {
  const known = shared.get(text);
  if (known !== undefined) return known;
  if (sharedCharacters + text.length > MAX_SHARED_CHARACTERS) {
    shared.clear();
    sharedCharacters = 0;
  }
  const fields = frozen(parse(text));
  // A slice keeps all of the text alive that it was cut from.
  shared.set(Buffer.from(text).toString(), fields);
  sharedCharacters += text.length;
  return fields;
}

function frozen(fields: JsonObject): JsonObject {
  for (const below of Object.values(fields)) if (isObject(below)) frozen(below);
  return Object.freeze(fields);
}

/** Index behind the brace that closes the object whose opening brace is at `start`. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = endOfString(text, i + 1);
    else if (c === OPEN) depth += 1;
    else if (c === CLOSE) {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return text.length;
}

/** Index of the quote that closes the string whose content starts at `from`. */
function endOfString(text: string, from: number): number {
  let i = from;
  while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i;
}
