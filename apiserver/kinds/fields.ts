/** Pieces of specs that several kinds share: label selectors, amounts of resources, usage, settings. */
import {
  list,
  map,
  obj,
  opt,
  quantity,
  set,
  str,
  time,
  type Node,
  type OptionalNode,
  type Value,
} from '../api/schema.ts';

const labelKey = (description: string): Node<string> => str(description, { minLength: 1, maxLength: 317 });
const labelValue = (description: string): Node<string> => str(description, { maxLength: 63 });

const requirement = obj('One requirement on a label.', {
  key: labelKey('Label that is looked at.'),
  operator: str('How the label is compared with the values.', {
    enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'],
  }),
  values: opt(
    list(
      'Values to compare with; needed for In and NotIn, not allowed for the others.',
      labelValue('One value.'),
      {
        maxItems: 64,
      },
    ),
  ),
});

type Requirement = Value<typeof requirement>;
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly Requirement[];
}

/** source: meta/v1 LabelSelector; an empty selector matches everything. */
export function labelSelector(
  description: string,
  options: { readonly default?: Record<string, never> } = {},
): Node<LabelSelector> {
  return obj(
    description,
    {
      matchLabels: opt(
        map('Labels that must have exactly these values.', labelValue('Wanted value.'), {
          maxProperties: 64,
        }),
      ),
      matchExpressions: opt(list('Requirements that must all hold.', requirement, { maxItems: 64 })),
    },
    { mapType: 'atomic', ...options },
  );
}

/** A selector in the notation of `kubectl -l`. source: meta/v1 FormatLabelSelector. */
export function formatSelector(selector: LabelSelector | undefined): string {
  const labels = Object.entries(selector?.matchLabels ?? {});
  const all = [
    ...labels.map(([key, value]) => ({ key, text: `${key}=${value}` })),
    ...(selector?.matchExpressions ?? []).map((wanted) => ({
      key: wanted.key,
      text: formatRequirement(wanted),
    })),
  ];
  if (all.length === 0) return '<none>';
  const byKey = all.sort((a, b) => (a.key === b.key ? 0 : a.key < b.key ? -1 : 1));
  return byKey.map(({ text }) => text).join(',');
}

/** Plain labels in that notation. source: labels.FormatLabels, which orders by the whole text. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const texts = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return texts.length === 0 ? '<none>' : texts.sort().join(',');
}

function formatRequirement(wanted: Requirement): string {
  const values = `(${[...(wanted.values ?? [])].sort().join(',')})`;
  switch (wanted.operator) {
    case 'In':
      return `${wanted.key} in ${values}`;
    case 'NotIn':
      return `${wanted.key} notin ${values}`;
    case 'Exists':
      return wanted.key;
    case 'DoesNotExist':
      return `!${wanted.key}`;
    default:
      return wanted.operator satisfies never;
  }
}

/** Measured consumption, as reported by an agent. */
export const usage = (description: string): OptionalNode<Usage> =>
  opt(
    obj(description, {
      cpu: opt(quantity('CPU cores in use.')),
      memory: opt(quantity('Memory in use.')),
      storage: opt(quantity('Storage in use.')),
      collectedAt: opt(time('When the numbers were taken.')),
    }),
  );
export interface Usage {
  readonly cpu?: string | number;
  readonly memory?: string | number;
  readonly storage?: string | number;
  readonly collectedAt?: string;
}

/** Named text values, such as variables of a template. */
export const textMap = (
  description: string,
  options: { readonly default?: Record<string, never> } = {},
): Node<Readonly<Record<string, string>>> =>
  map(description, str('Value.', { maxLength: 1024 }), { maxProperties: 64, ...options });

/** A set of plain names. */
export const nameSet = (description: string, item: Node<string>, maxItems = 64): Node<readonly string[]> =>
  set(description, item, { maxItems });
