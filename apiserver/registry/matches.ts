/** Label and field selectors as one question about a cached object; undefined when everything matches. */
import { at } from '../api/json.ts';
import type { Matches } from './event.ts';
import type { Selectors } from './registry.ts';
import { labelsOf } from './stored.ts';

type FieldSelector = Selectors['fields'][number];

export function matchesOf(selectors: Selectors): Matches | undefined {
  const tests = selectors.fields.map(fieldTest);
  if (!selectors.anyLabels) tests.push((object) => selectors.labels(labelsOf(object)));
  const [first] = tests;
  if (first === undefined) return undefined;
  return tests.length === 1 ? first : (object): boolean => tests.every((test) => test(object));
}

/** Equal for watches that show the same; undefined when that cannot be told. */
export function signatureOf(selectors: Selectors): string | undefined {
  const labels = selectors.anyLabels ? '' : selectors.labelText;
  return labels === undefined ? undefined : JSON.stringify([labels, selectors.fields]);
}

function fieldTest(field: FieldSelector): Matches {
  switch (field.path) {
    case 'metadata.name':
      return (object) => (object.name === field.value) !== field.not;
    case 'metadata.namespace':
      return (object) => (object.namespace === field.value) !== field.not;
    default:
      return (object) => (textOf(at(object.read(), field.path)) === field.value) !== field.not;
  }
}

/** Selectable fields compare as text; an absent one is the empty string. */
function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}
