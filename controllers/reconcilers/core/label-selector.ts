/** Does a set of labels match a selector? source: meta/v1 LabelSelectorAsSelector. */
import type { LabelSelector } from '../../../apiserver/kinds/fields.ts';

type Labels = Readonly<Record<string, string>>;

/** An absent or empty selector matches everything. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  const own = (key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  const wanted = Object.entries(selector?.matchLabels ?? {});
  if (!wanted.every(([key, value]) => own(key) === value)) return false;
  return (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = own(key);
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      // A label that is not there is in no list. source: labels.Requirement.Matches
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return operator satisfies never;
    }
  });
}
