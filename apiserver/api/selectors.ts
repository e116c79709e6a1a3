/** The selectors of a list, watch or deletecollection request, parsed: labels here, fields beside them. */
import { badRequest } from './errors.ts';
import type { Kind } from './kind.ts';
import { parseLabelSelector } from './label-selector.ts';

export interface FieldRequirement {
  /** Dotted path, one of those the kind allows. */
  readonly path: string;
  readonly value: string;
  /** `!=` */
  readonly not: boolean;
}

/** The shape the registry takes. */
export interface Selectors {
  readonly labels: (labels: Readonly<Record<string, string>>) => boolean;
  /** True when no label selector was given: nothing has to be parsed. */
  readonly anyLabels: boolean;
  /** The label selector as sent; watches with the same text share one evaluation per change. */
  readonly labelText?: string;
  readonly fields: readonly FieldRequirement[];
}

const everything = (): boolean => true;
export const NO_SELECTORS: Selectors = { labels: everything, anyLabels: true, fields: [] };

/**
 * Parses the `labelSelector` and `fieldSelector` query values; empty means unset. Throws `ApiError` BadRequest
 * with kube-apiserver's wording for a selector that cannot be read or a field the kind cannot be selected by.
 */
export function parseSelectors(
  kind: Pick<Kind, 'scope' | 'selectableFields'>,
  labelSelector: string,
  fieldSelector: string,
): Selectors {
  if (labelSelector === '' && fieldSelector === '') return NO_SELECTORS;
  const labels = parseLabelSelector(labelSelector);
  const fields = parseFieldSelector(fieldSelector);
  for (const { path } of fields) {
    if (!isSelectable(kind, path)) throw badRequest(`field label not supported: ${path}`);
  }
  return { labels: labels ?? everything, anyLabels: labels === undefined, labelText: labelSelector, fields };
}

function isSelectable(kind: Pick<Kind, 'scope' | 'selectableFields'>, path: string): boolean {
  if (path === 'metadata.name') return true;
  if (path === 'metadata.namespace') return kind.scope === 'Namespaced';
  return kind.selectableFields.includes(path);
}

/**
 * `a=b,c!=d`; `\`, `,` and `=` in a value are escaped by a backslash. Throws `ApiError` BadRequest.
 * source: apimachinery pkg/fields/selector.go.
 */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  const requirements = terms(text).map((term) => {
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, path = '', operator, value = ''] = match;
    return { path, value: unescape(value), not: operator === '!=' };
  });
  // source: a bare `=` selects everything.
  return requirements.filter(({ path, value }) => path !== '' || value !== '');
}

/** Splits at commas that are not escaped; escapes stay. Empty terms are left out, the rest sorted as upstream does. */
function terms(text: string): readonly string[] {
  return (text.match(/(?:\\[\s\S]|[^\\,]|\\$)+/g) ?? []).sort();
}

function unescape(value: string): string {
  return value.replace(/\\([\s\S]?)|[,=]/g, (found, escaped: string | undefined) => {
    if (escaped === undefined) {
      const code = found.codePointAt(0) ?? 0;
      throw badRequest(`invalid field selector: unescaped character in value: ${code}`);
    }
    if (escaped !== '' && '\\,='.includes(escaped)) return escaped;
    throw badRequest(`invalid field selector: invalid escape sequence: ${found}`);
  });
}
