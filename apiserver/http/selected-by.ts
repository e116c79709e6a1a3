/**
 * What a list, watch or deletecollection is narrowed to, for authorities that decide by it. A selector that cannot be
 * read counts for nothing here; the handler refuses the request for it.
 * source: kubernetes/apiserver pkg/endpoints/filters/authorization.go
 */
import type { SelectedBy, SelectorRequirement } from '../api/identity.ts';
import { parseLabelRequirements, type LabelRequirement } from '../api/label-selector.ts';
import { parseFieldSelector } from '../api/selectors.ts';
import type { RequestInfo } from './request-info.ts';

const NARROWED: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);

/** Undefined when nothing is selected. */
export function selectedBy({ verb, query }: RequestInfo): SelectedBy | undefined {
  if (query === undefined || !NARROWED.has(verb)) return undefined;
  const fields = readable(() => fieldsOf(query.get('fieldSelector') ?? ''));
  const labels = readable(() => labelsOf(query.get('labelSelector') ?? ''));
  return fields.length === 0 && labels.length === 0 ? undefined : { fields, labels };
}

function readable(read: () => readonly SelectorRequirement[]): readonly SelectorRequirement[] {
  try {
    return read();
  } catch {
    return [];
  }
}

const fieldsOf = (text: string): readonly SelectorRequirement[] =>
  parseFieldSelector(text).map(({ path, value, not }) => ({
    key: path,
    operator: not ? 'NotIn' : 'In',
    values: [value],
  }));

const labelsOf = (text: string): readonly SelectorRequirement[] =>
  parseLabelRequirements(text).flatMap((requirement) => {
    const operator = operatorOf(requirement);
    return operator === undefined ? [] : [{ key: requirement.key, operator, values: requirement.values }];
  });

/** `<` and `>` have no word in a review: the question is then asked without them, which is the wider one. */
function operatorOf({ operator }: LabelRequirement): SelectorRequirement['operator'] | undefined {
  switch (operator) {
    case 'in':
      return 'In';
    case 'notin':
      return 'NotIn';
    case 'exists':
      return 'Exists';
    case '!':
      return 'DoesNotExist';
    case '<':
    case '>':
      return undefined;
  }
}
