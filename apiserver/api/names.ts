/**
 * Which strings may name things: DNS labels and subdomains, qualified names, label values. Every check answers
 * with the complaints kube-apiserver would print, none when the name is fine.
 * source: apimachinery pkg/util/validation, pkg/api/validate/content.
 */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;

const labelPattern = new RegExp(`^${LABEL}$`);
const subdomainPattern = new RegExp(`^${SUBDOMAIN}$`);
const label1035Pattern = new RegExp(`^${LABEL_1035}$`);
const qualifiedPattern = new RegExp(`^${QUALIFIED}$`);
const labelValuePattern = new RegExp(`^${LABEL_VALUE}$`);

const LABEL_COMPLAINT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN_COMPLAINT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL_1035_COMPLAINT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const QUALIFIED_COMPLAINT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const LABEL_VALUE_COMPLAINT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

type Unit = 'characters' | 'bytes';

export const MAX_LABEL = 63;
export const MAX_SUBDOMAIN = 253;

/** A DNS-1123 label: lower case, digits, `-`; at most 63 bytes. */
export function labelProblems(name: string): readonly string[] {
  const problems = tooLong(name, MAX_LABEL, 'characters');
  if (matches(labelPattern, name)) return problems;
  const dots = matches(subdomainPattern, name);
  return [
    ...problems,
    dots ? 'must not contain dots' : regexp(LABEL_COMPLAINT, LABEL, ['my-name', '123-abc']),
  ];
}

/** A DNS-1123 subdomain: labels joined by dots; at most 253 bytes. */
export function subdomainProblems(name: string): readonly string[] {
  return subdomainProblemsIn(name, 'characters');
}

// source: object names are measured in "characters", key prefixes in "bytes"; upstream has two copies of the rule.
function subdomainProblemsIn(name: string, unit: Unit): readonly string[] {
  const problems = tooLong(name, MAX_SUBDOMAIN, unit);
  if (matches(subdomainPattern, name)) return problems;
  return [...problems, regexp(SUBDOMAIN_COMPLAINT, SUBDOMAIN, ['example.com'])];
}

/** A DNS-1035 label: as DNS-1123, but starts with a letter. */
export function label1035Problems(name: string): readonly string[] {
  const problems = tooLong(name, MAX_LABEL, 'characters');
  if (matches(label1035Pattern, name)) return problems;
  return [...problems, regexp(LABEL_1035_COMPLAINT, LABEL_1035, ['my-name', 'abc-123'])];
}

/** A name that only has to survive in a URL path. */
export function pathSegmentProblems(name: string): readonly string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
}

/** Keys of labels and annotations, finalizers: an optional DNS prefix with `/`, then a name of at most 63 bytes. */
export function qualifiedNameProblems(value: string): readonly string[] {
  if (value.length <= MAX_LABEL && qualifiedPattern.test(value)) return NONE;
  const parts = value.split('/');
  const examples = ['MyName', 'my.name', '123-abc'];
  if (parts.length > 2) {
    const rule = regexp(QUALIFIED_COMPLAINT, QUALIFIED, examples);
    return [
      `a valid label key ${rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) ?? '';
  const problems: string[] = [];
  if (parts.length === 2) problems.push(...prefixProblems(parts[0] ?? ''));
  if (name === '') problems.push('name part must be non-empty');
  else problems.push(...tooLong(name, MAX_LABEL, 'bytes').map((problem) => `name part ${problem}`));
  if (!matches(qualifiedPattern, name))
    problems.push(`name part ${regexp(QUALIFIED_COMPLAINT, QUALIFIED, examples)}`);
  return problems;
}

/** Values of labels: empty, or at most 63 bytes. */
export function labelValueProblems(value: string): readonly string[] {
  // What matches is ASCII, so its length is in bytes.
  if (value.length <= MAX_LABEL && labelValuePattern.test(value)) return NONE;
  const problems = tooLong(value, MAX_LABEL, 'bytes');
  if (matches(labelValuePattern, value)) return problems;
  return [...problems, regexp(LABEL_VALUE_COMPLAINT, LABEL_VALUE, ['MyValue', 'my_value', '12345'])];
}

function prefixProblems(prefix: string): readonly string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  return subdomainProblemsIn(prefix, 'bytes').map((problem) => `prefix part ${problem}`);
}

/** No name may be longer than 253, so the pattern need not look at what is far beyond. */
function matches(pattern: RegExp, value: string): boolean {
  return value.length <= 4 * MAX_SUBDOMAIN && pattern.test(value);
}

function tooLong(value: string, maxBytes: number, unit: Unit): readonly string[] {
  // No character takes more than three bytes per UTF-16 unit.
  const isLong = value.length * 3 > maxBytes && Buffer.byteLength(value) > maxBytes;
  return isLong ? [`must be no more than ${maxBytes} ${unit}`] : NONE;
}
const NONE: readonly string[] = [];

function regexp(complaint: string, pattern: string, examples: readonly string[]): string {
  const quoted = examples.map((example) => `'${example}', `).join(' or ');
  return `${complaint} (e.g. ${quoted}regex used for validation is '${pattern}')`;
}
